import { AppError } from "../app-error.ts";

const retryable = new Set([
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
  "40001",
  "40P01",
  // A libSQL server ended the transaction: it had held the lock for too long, or the server was started anew.
  "TRANSACTION_TIMEOUT",
  "TRANSACTION_CLOSED",
  "STREAM_EXPIRED",
  "STREAM_LOST",
]);
/** Postgres ended a statement, or a wait for a lock, that took longer than it may; nothing of it was done. */
const tooSlow = new Set(["55P03", "57014"]);
const outOfService =
  /^(SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB)|53|57P|08|25006|25P03|CONNECTION_|CONNECT_|ECONN|EPIPE|ETIMEDOUT|BLOCKED)/;
/** The connection is gone, and with it the answer to whatever was asked last. */
const lost = /^(57P0[12]|08|25P03|CONNECTION_|ECONN|EPIPE|ETIMEDOUT)/;

/** The codes of an error and of what caused it: drivers hide theirs under Drizzle's. A refusal of ours is no driver's. */
function* codes(error: unknown): Generator<string> {
  if (error instanceof AppError) return;
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ("code" in at && typeof at.code === "string") yield at.code;
    if ("extendedCode" in at && typeof at.extendedCode === "string") yield at.extendedCode;
  }
}

function some(error: unknown, test: (code: string) => boolean): boolean {
  for (const code of codes(error)) if (test(code)) return true;
  return false;
}

/** A constraint of any kind refused: on Postgres class 23. */
export function isConstraintViolation(error: unknown): boolean {
  return some(error, (code) => code.startsWith("SQLITE_CONSTRAINT") || code.startsWith("23"));
}

/** A unique index refused; on libSQL, where drivers do not always say which kind, any constraint. */
export function isUniqueViolation(error: unknown): boolean {
  return some(error, (code) => code.startsWith("SQLITE_CONSTRAINT") || code === "23505");
}

/** Another writer was in the way; the same transaction may succeed when run again. */
export function isContention(error: unknown): boolean {
  return some(error, (code) => retryable.has(code) || code.startsWith("SQLITE_BUSY"));
}

/** The database itself cannot serve now: disk full, file gone, connection lost, or it takes too long. */
export function isOutOfService(error: unknown): boolean {
  return some(error, (code) => outOfService.test(code) || tooSlow.has(code));
}

/** The connection broke while it was used: whether the last statement was done is not known. */
export function isConnectionLost(error: unknown): boolean {
  return !isUnreachable(error) && some(error, (code) => lost.test(code));
}

/** There was no connection to begin with: nothing was asked of the database. */
export class Unreachable extends Error {
  readonly code = "CONNECT_FAILED";
}

export function isUnreachable(error: unknown): boolean {
  return some(error, (code) => code === "CONNECT_FAILED");
}
