import { AppError } from "../../app-error.ts";
import type { Log } from "../../log.ts";
import { isConnectionLost, isContention, isOutOfService } from "../errors.ts";
import type { Line, Query } from "./line.ts";
import { learnOutcome, outcomeOf } from "./outcome.ts";
import type { Pool } from "./pool.ts";

/** Runs a statement inside a transaction; those asked for at once run one after the other. */
export type Run = <T>(statement: Query<T>) => Promise<T>;

const attemptsMax = 5;

/** The connection broke while the commit was under way. */
class InDoubt<T> extends Error {
  constructor(
    readonly transactionId: string,
    readonly result: T,
  ) {
    super("it is not known whether a transaction was committed");
  }
}

interface TransactOptions {
  pool: Pool;
  log: Log;
  /** A change turned out to be stored after its author was told that nobody knows: nobody was told of it. */
  onUntold: () => void;
  /** How long an author waits for what became of a commit. */
  doubtMs?: number;
}

/**
 * Runs `work` in a transaction. Again when another writer was in the way, or the connection broke before the commit was
 * sent: then nothing of it is there. A connection that breaks during the commit leaves it open whether it was done; then
 * Postgres is asked: a verb whose change is stored must tell of it, and one whose change is not must not be taken for done. Throws `UNAVAILABLE` and what `work` throws.
 */
export async function transact<T>(options: TransactOptions, work: (run: Run) => Promise<T>): Promise<T> {
  const { pool, log, onUntold, doubtMs } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await pool.use((line) => once(line, work));
    } catch (error) {
      if (error instanceof InDoubt) {
        const { transactionId } = error;
        const outcome = await outcomeOf(pool, transactionId, doubtMs);
        if (outcome === "committed") return error.result as T;
        if (outcome === undefined) {
          log.error("it is not known whether a change was stored: the connection was lost at its commit", {
            transactionId,
          });
          void learnOutcome(pool, log, transactionId, onUntold);
          throw unavailable();
        }
      } else if (!isContention(error) && !isConnectionLost(error)) {
        throw isOutOfService(error) ? unavailable() : error;
      }
      if (attempt === attemptsMax) throw unavailable();
    }
  }
}

async function once<T>(line: Line, work: (run: Run) => Promise<T>): Promise<T> {
  await line.run((sql) => sql.unsafe("BEGIN"));
  let last: Promise<unknown> = Promise.resolve();
  let isOver = false;
  const run: Run = (statement) => {
    const turn = last.then(() => {
      if (isOver) throw new Error("a statement came after the end of its transaction");
      return line.run(statement);
    });
    last = turn.then(
      () => {},
      () => {},
    );
    return turn;
  };
  let result: T;
  let transactionId: string | null;
  try {
    result = await work(run);
    transactionId = await run(async (sql) => {
      const [row] = await sql<{ id: string | null }[]>`SELECT pg_current_xact_id_if_assigned()::text AS id`;
      return row?.id ?? null;
    });
    isOver = true;
  } catch (error) {
    isOver = true;
    await last;
    await rollBack(line);
    throw error;
  }
  try {
    const { command } = await line.run((sql) => sql.unsafe("COMMIT"));
    if (command !== "COMMIT") throw new Error("the transaction was rolled back: a statement in it had failed");
    return result;
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    line.end();
    // Without a number it has written nothing.
    if (transactionId === null) return result;
    throw new InDoubt(transactionId, result);
  }
}

async function rollBack(line: Line): Promise<void> {
  if (line.isDead) return;
  try {
    await line.run((sql) => sql.unsafe("ROLLBACK"));
  } catch {
    // Postgres rolls back what loses its connection.
    line.end();
  }
}

export function unavailable(): AppError {
  return new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
}
