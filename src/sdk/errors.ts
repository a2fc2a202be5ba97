import type { ErrorCode, ErrorDetail } from "../protocol/errors.ts";

interface ApiErrorFields {
  /** HTTP status; `null` when the refusal came over the socket. */
  status: number | null;
  code: string;
  message: string;
  details?: readonly ErrorDetail[] | undefined;
  requestId?: string | null | undefined;
  retryAfterMs?: number | null | undefined;
}

/** The server understood and refused, over HTTP or over the socket. `message` is worded for people. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number | null;
  readonly code: string;
  readonly details: readonly ErrorDetail[];
  readonly requestId: string | null;
  /** How long to wait before trying again, where the server says so. */
  readonly retryAfterMs: number | null;

  constructor(fields: ApiErrorFields) {
    super(fields.message);
    this.status = fields.status;
    this.code = fields.code;
    this.details = fields.details ?? [];
    this.requestId = fields.requestId ?? null;
    this.retryAfterMs = fields.retryAfterMs ?? null;
  }

  /** Whether it is one of `codes`, e.g. `error.is("USERNAME_TAKEN")`. */
  is(...codes: ErrorCode[]): boolean {
    return codes.some((code) => code === this.code);
  }
}

/** The server was not reached, or what answered was not the server: nothing is known about what it did. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
