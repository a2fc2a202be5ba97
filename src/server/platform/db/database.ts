import type { LibSQLDatabase } from "drizzle-orm/libsql";
import type * as libsqlSchema from "../../../../db/schema/libsql.ts";

/** The tables, typed as libSQL's; on Postgres they are Postgres's own behind the same types. */
export type Tables = typeof libsqlSchema;

/**
 * Drizzle, typed against one dialect. Await the builders; `.get() .all() .run()` and `rowsAffected` do not exist on
 * Postgres: use `returning()`.
 */
export type Queries = Pick<LibSQLDatabase<Tables>, "select" | "selectDistinct" | "insert" | "update" | "delete">;

export interface Database {
  readonly dialect: "libsql" | "postgres";
  readonly tables: Tables;
  /** Reads, on a connection of their own. Keep them short and bounded: embedded, a slow one stops the event loop. */
  readonly read: Queries;
  /**
   * Runs `work` in one transaction, alone among the writers of this process (embedded) or of the rooms it locks
   * (Postgres). What it throws rolls back. Publish only after it has resolved, and before any other `await`, so that
   * events leave in commit order.
   */
  write<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  /** Makes everything else that changes these rooms' numbers wait until the transaction ends. Keys in any order. */
  lockRooms(tx: Queries, roomKeys: readonly number[]): Promise<void>;
  /** Answers when the database does. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
