import { errors, type ErrorCode, type ErrorDetail } from "../../protocol/errors.ts";

interface AppErrorOptions {
  details?: ErrorDetail[];
  /** Fill the `{name}`s of the code's text. */
  values?: Record<string, string | number>;
  retryAfterMs?: number;
  /** Where the wire asks for another status than the code's: a body that is no JSON is 400. */
  status?: number;
}

/** A refusal with a stable code. Thrown by verbs, translated to the wire by `http` and `realtime/dispatch` alone. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetail[] | undefined;
  readonly values: Record<string, string | number> | undefined;
  readonly retryAfterMs: number | undefined;
  readonly status: number;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(code);
    this.name = "AppError";
    this.code = code;
    this.details = options.details;
    this.values = options.values;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status ?? errors[code].status;
  }
}

/** A refusal of one field of the input. */
export function invalid(field: string, message: string): AppError {
  return new AppError("VALIDATION_ERROR", { details: [{ field, message }] });
}

/** The refusal that an error is, or that caused it: the ORM hides what its driver throws under an error of its own. */
export function refusalIn(error: unknown): AppError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof AppError) return at;
  }
  return undefined;
}
