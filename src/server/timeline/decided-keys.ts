import type { PostgresDatabase } from "../platform/db/database.ts";
import { roomLockClass } from "../platform/db/dialect/postgres.ts";

interface Observation {
  /** The last key that was drawn. */
  lastKey: number;
  /** Transactions that may have drawn one and were not over after that. */
  writers: Set<string>;
}

/**
 * Up to where the messages of a Postgres database are decided. Keys are drawn in one order and committed in another, so
 * that a message can appear below one that was long seen. But whoever writes messages holds its rooms' advisory locks
 * before it draws a key and until its commit can be seen: once all are gone who held one after a key was drawn,
 * everything up to that key is decided.
 */
export class DecidedKeys {
  #observed: Observation | undefined;

  constructor(private readonly db: PostgresDatabase) {}

  /** The last key drawn, and the last one below which no message can appear any more. */
  async next(): Promise<{ decidedKey: number; lastKey: number }> {
    const before = this.#observed;
    const now = await this.#observe();
    this.#observed = now;
    if (now.writers.size === 0) return { decidedKey: now.lastKey, lastKey: now.lastKey };
    if (before && before.writers.isDisjointFrom(now.writers))
      return { decidedKey: before.lastKey, lastKey: now.lastKey };
    // Some are still there: the older observation is the one that will be decided first.
    if (before) this.#observed = { lastKey: before.lastKey, writers: before.writers.intersection(now.writers) };
    return { decidedKey: 0, lastKey: now.lastKey };
  }

  async #observe(): Promise<Observation> {
    const [drawn] = await this.db.ask(
      (sql) => sql<{ last: number }[]>`
        SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM messages_key_seq`,
    );
    const holders = await this.db.ask(
      (sql) => sql<{ id: string }[]>`
        SELECT DISTINCT virtualtransaction AS id FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid::bigint = ${roomLockClass} AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return { lastKey: drawn?.last ?? 0, writers: new Set(holders.map(({ id }) => id)) };
  }
}
