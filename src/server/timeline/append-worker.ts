import Libsql from "libsql";
import type { Statement } from "../platform/db/database.ts";
import { Checkpoints } from "../platform/db/dialect/checkpoints.ts";
import { lanePragmas } from "../platform/db/dialect/connection-pragmas.ts";
import type { Appended, NewMessage } from "./append.ts";
import { LibsqlAppender } from "./append-libsql.ts";
import { statementRunner } from "./statements.ts";

/**
 * From the lane: first where the file is, then batch after batch, never two at once. Both ways as JSON text: a string
 * crosses between threads for a quarter of what its objects would cost.
 */
export type ToWorker = { open: string } | { append: NewMessage[] } | { run: Statement[] } | { close: true };
export type FromWorker =
  | { ready: true }
  | { appended: Appended[] }
  | { ran: true }
  | { closed: true }
  | { failed: { message: string; code: string } }
  /** No answer: the log of the database could not be brought into its file. */
  | { checkpointFailed: string };

/** How long a batch waits for a foreign process to let go of the file. */
const foreignLockMs = 5_000;

declare const self: Worker;

let appender: LibsqlAppender | undefined;
let checkpoints: Checkpoints | undefined;
let run: ((statements: Statement[]) => void) | undefined;

function answer(message: Exclude<ToWorker, { close: true }>): FromWorker {
  if ("open" in message) {
    // The driver may wait for a foreign lock here: this thread serves nothing else.
    const db = new Libsql(message.open, { timeout: foreignLockMs });
    for (const pragma of lanePragmas) db.exec(pragma);
    appender = new LibsqlAppender(db);
    run = statementRunner(db);
    checkpoints = new Checkpoints(message.open, (error) => tell({ checkpointFailed: textOf(error) }));
    return { ready: true };
  }
  if (!appender || !run || !checkpoints) throw new Error("the database is not open yet");
  if ("run" in message) {
    run(message.run);
    checkpoints.committed(message.run.length);
    return { ran: true };
  }
  const appended = appender.append(message.append);
  checkpoints.committed(appended.length);
  return { appended };
}

function answerOrFail(message: Exclude<ToWorker, { close: true }>): FromWorker {
  try {
    return answer(message);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { failed: { message: textOf(error), code } };
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const tell = (reply: FromWorker) => self.postMessage(JSON.stringify(reply));

self.onmessage = async ({ data }: MessageEvent<string>) => {
  const message = JSON.parse(data) as ToWorker;
  if (!("close" in message)) return tell(answerOrFail(message));
  await checkpoints?.close();
  tell({ closed: true });
};
