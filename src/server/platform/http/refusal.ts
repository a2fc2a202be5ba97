import { errorText } from "../../../protocol/errors.ts";
import type { Language } from "../../../protocol/languages.ts";
import type { AppError } from "../app-error.ts";

/** A refusal as HTTP has it, in the language of who asked. */
export function refuse(error: AppError, { requestId, language }: { requestId: string; language: Language }): Response {
  const { code, details = [], values, retryAfterMs, status } = error;
  const body = {
    success: false,
    error: { code, message: errorText(code, language, values), details, request_id: requestId },
  };
  return Response.json(body, {
    status,
    headers: {
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Request-Id": requestId,
      ...(retryAfterMs !== undefined && { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) }),
    },
  });
}
