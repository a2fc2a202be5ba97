import { ApiError, ConnectionError } from "../../sdk/errors.ts";
import type { Dictionary } from "../i18n/en.ts";

/** An error in words for the person: the server's own, which come in their language, or that it was not reached. */
export function describeError(error: unknown, text: Dictionary): string {
  if (error instanceof ApiError) {
    const [detail] = error.details;
    return error.is("VALIDATION_ERROR") && detail ? `${error.message} (${detail.message})` : error.message;
  }
  return error instanceof ConnectionError ? text.offlineError : text.unexpectedError;
}

/** The server's complaints about single fields, by field. */
export function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof ApiError)) return {};
  if (error.is("USERNAME_TAKEN")) return { username: error.message };
  if (error.is("EMAIL_TAKEN")) return { email: error.message };
  if (error.is("INVITE_REQUIRED")) return { invite_code: error.message };
  return Object.fromEntries(error.details.map(({ field, message }) => [field, message]));
}
