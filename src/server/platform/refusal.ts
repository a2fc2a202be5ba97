import { AppError, refusalIn } from "./app-error.ts";
import { isOutOfService } from "./db/errors.ts";
import type { Log } from "./log.ts";

/**
 * What was thrown, as a refusal that may be shown. What is none becomes `INTERNAL`, or `UNAVAILABLE` where the database
 * cannot serve, and one line in the log in which `about` says what was being done.
 */
export function refusalOf(error: unknown, log: Log, about: Record<string, unknown>): AppError {
  const refusal = refusalIn(error);
  if (refusal) return refusal;
  if (isOutOfService(error)) {
    log.error("the database cannot serve", { ...about, error });
    return new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
  }
  log.error("something failed that should not", { ...about, error });
  return new AppError("INTERNAL");
}
