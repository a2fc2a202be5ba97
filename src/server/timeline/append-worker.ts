import Libsql from "libsql";
import type { Statement } from "../platform/db/database.ts";
import { lanePragmas } from "../platform/db/dialect/connection-pragmas.ts";
import type { Appended, NewMessage } from "./append.ts";
import { LibsqlAppender } from "./append-libsql.ts";
import { statementRunner } from "./statements.ts";

/**
 * From the lane: first where the file is, then batch after batch, never two at once. Both ways as JSON text: a string
 * crosses between threads for a quarter of what its objects would cost.
 */
export type ToWorker = { open: string } | { append: NewMessage[] } | { run: Statement[] };
export type FromWorker =
  { ready: true } | { appended: Appended[] } | { ran: true } | { failed: { message: string; code: string } };

/** How long a batch waits for a foreign process to let go of the file. */
const foreignLockMs = 5_000;

declare const self: Worker;

let appender: LibsqlAppender | undefined;
let run: ((statements: Statement[]) => void) | undefined;

function answer(message: ToWorker): FromWorker {
  if ("open" in message) {
    // The driver may wait for a foreign lock here: this thread serves nothing else.
    const db = new Libsql(message.open, { timeout: foreignLockMs });
    for (const pragma of lanePragmas) db.exec(pragma);
    appender = new LibsqlAppender(db);
    run = statementRunner(db);
    return { ready: true };
  }
  if (!appender || !run) throw new Error("the database is not open yet");
  if ("run" in message) {
    run(message.run);
    return { ran: true };
  }
  return { appended: appender.append(message.append) };
}

self.onmessage = ({ data }: MessageEvent<string>) => {
  let reply: FromWorker;
  try {
    reply = answer(JSON.parse(data) as ToWorker);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    reply = { failed: { message: error instanceof Error ? error.message : String(error), code } };
  }
  self.postMessage(JSON.stringify(reply));
};
