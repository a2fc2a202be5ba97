import type { LibSQLDatabase as LibSQLQueries } from "drizzle-orm/libsql";
import type * as libsqlSchema from "../../../../db/schema/libsql.ts";
import type { Lock } from "./lock.ts";
import type { Query } from "./postgres/line.ts";
import type { Replica, RunThere } from "./postgres/replica.ts";
import type { Run } from "./postgres/transaction.ts";

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

interface LibsqlBase extends DatabaseBase {
  readonly dialect: "libsql";
  /** Whoever writes in this process holds it, so that writers never meet as SQLITE_BUSY. */
  readonly writers: Lock;
}

/** libSQL in this process: one file, one connection that writes, one that reads, and the lane's in its Worker. */
export interface EmbeddedDatabase extends LibsqlBase {
  readonly isRemote: false;
  readonly path: string;
}

/** libSQL behind a network: of one node alone, and every request is a round trip. */
export interface RemoteDatabase extends LibsqlBase {
  readonly isRemote: true;
  /**
   * Runs statements as one transaction in one round trip; gives the rows of each. Tries again when the connection was
   * lost, so they must bear being run twice. The caller holds `writers`.
   */
  transact(statements: readonly Statement[]): Promise<Rows[]>;
  /** The process is to end: a server that is away is waited for no longer. */
  hurry(): void;
  /** Counts what this process has written: what has not moved need not be looked at again. */
  readonly writes: number;
}

export type LibsqlDatabase = EmbeddedDatabase | RemoteDatabase;

/** A statement in words. */
export interface Statement {
  sql: string;
  values: (string | number)[];
}

/** What a statement gave; cells by the names of their columns. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

export interface PostgresDatabase extends DatabaseBase {
  readonly dialect: "postgres";
  /** Runs a statement of its own; again when its connection was lost: only what may be done twice, as what reads. */
  ask<T>(statement: Query<T>): Promise<T>;
  /**
   * Called when a change turned out to be stored whose author was told that nobody knows (`UNAVAILABLE`): what the verb had
   * to tell after it was told to nobody, caches included.
   */
  onUntold: () => void;
  /** {@link write} for statements of its own. */
  transact<T>(work: (run: Run) => Promise<T>): Promise<T>;
  /**
   * Runs a statement of the write lane, once, on a connection that nobody else uses. Throws what the driver does:
   * `isConnectionLost` of it says that the statement may have been done.
   */
  append<T>(statement: Query<T>): Promise<T>;
  /** So many batches may be on their way at once: those of rooms whose keys differ modulo this never meet. */
  readonly laneCount: number;
  /** For reads that weigh; see `timeline/on-replica`. */
  readonly replica: Replica | undefined;
  /** The same database, whose reads go through `run`. */
  reading(run: RunThere): PostgresDatabase;
}

export type Database = LibsqlDatabase | PostgresDatabase;
