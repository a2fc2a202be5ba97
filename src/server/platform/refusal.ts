import { AppError } from "./app-error.ts";
import type { Log } from "./log.ts";

/**
 * What was thrown, as a refusal that may be shown. What is none becomes `INTERNAL`, and one line in the log in which
 * `about` says what was being done.
 */
export function refusalOf(error: unknown, log: Log, about: Record<string, unknown>): AppError {
  if (error instanceof AppError) return error;
  log.error("something failed that should not", { ...about, error });
  return new AppError("INTERNAL");
}
