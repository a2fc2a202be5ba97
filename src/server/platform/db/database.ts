import type { LibSQLDatabase as LibSQLQueries } from "drizzle-orm/libsql";
import type { Sql } from "postgres";
import type * as libsqlSchema from "../../../../db/schema/libsql.ts";
import type { Lock } from "./lock.ts";

/** The tables, typed as libSQL's; on Postgres they are Postgres's own behind the same types. */
export type Tables = typeof libsqlSchema;

/**
 * Drizzle, typed against one dialect. Await the builders; `.get() .all() .run()` and `rowsAffected` do not exist on
 * Postgres: use `returning()`.
 */
export type Queries = Pick<LibSQLQueries<Tables>, "select" | "selectDistinct" | "insert" | "update" | "delete">;

interface DatabaseBase {
  readonly tables: Tables;
  /** Reads, on a connection of their own. Keep them short and bounded: embedded, a slow one stops the event loop. */
  readonly read: Queries;
  /**
   * Runs `work` in one transaction, alone among the writers of this process (embedded) or of the rooms it locks
   * (Postgres). What it throws rolls back. Runs again when another writer was in the way, so `work` must have no effect
   * but through `tx`. Publish only after it has resolved, and before any other `await`, so that events leave in commit
   * order.
   */
  write<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  /** Makes all others who change these rooms' numbers wait until the transaction ends. Keys in any order. */
  lockRooms(tx: Queries, roomKeys: readonly number[]): Promise<void>;
  /** Makes all others who change what is between these people wait until the transaction ends. Keys in any order. */
  lockPeople(tx: Queries, userKeys: readonly number[]): Promise<void>;
  /** Answers when the database does. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** libSQL in this process: one file, one connection that writes, one that reads, and the lane's in its Worker. */
export interface EmbeddedDatabase extends DatabaseBase {
  readonly dialect: "libsql";
  readonly path: string;
  /** Whoever writes to the file in this process holds it, so that writers never meet as SQLITE_BUSY. */
  readonly writers: Lock;
}

export interface PostgresDatabase extends DatabaseBase {
  readonly dialect: "postgres";
  readonly sql: Sql;
}

export type Database = EmbeddedDatabase | PostgresDatabase;
