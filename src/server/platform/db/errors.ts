import { AppError } from "../app-error.ts";

const retryable = new Set([
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
  "40001",
  "40P01",
  "55P03",
  "57014",
  // A libSQL server ended the transaction: it had held the lock for too long, or the server was started anew.
  "TRANSACTION_TIMEOUT",
  "TRANSACTION_CLOSED",
  "STREAM_EXPIRED",
  "STREAM_LOST",
]);
const outOfService =
  /^(SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB)|53|57P|08|CONNECTION_|CONNECT_|ECONN|BLOCKED)/;

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

/** The database itself cannot serve now: disk full, file gone, connection lost. */
export function isOutOfService(error: unknown): boolean {
  return some(error, (code) => outOfService.test(code));
}
