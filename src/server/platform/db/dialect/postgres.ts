import { drizzle } from "drizzle-orm/postgres-js";
import { sql as template } from "drizzle-orm";
import type { Sql } from "postgres";
import type { Migration } from "../../../../../db/migrations.ts";
import * as tables from "../../../../../db/schema/postgres.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import type { PostgresDatabase, Queries, Tables } from "../database.ts";
import { isConnectionLost, isOutOfService } from "../errors.ts";
import { drizzleClient } from "../postgres/clients.ts";
import { Health } from "../postgres/health.ts";
import type { Query } from "../postgres/line.ts";
import { Pool } from "../postgres/pool.ts";
import { prepareDatabase } from "../postgres/prepare.ts";
import { Replica } from "../postgres/replica.ts";
import { poolSizes } from "../postgres/sizes.ts";
import { Watch } from "../postgres/watch.ts";
import { transact, unavailable } from "../postgres/transaction.ts";

/** Advisory locks: rooms, and people, share 256 in a class of their own (DESIGN, Two dialects). */
export const roomLockClass = 5061727;
export const roomLocks = 256;
const personLockClass = 5061728;
const personLocks = 256;

const readAttemptsMax = 3;
/** Reads on one connection. */
const readsAtOnce = 16;

export interface PostgresOptions {
  /** Connections of this node at most; see {@link poolSizes}. */
  connections: number;
  /** A copy that follows the database, for reads alone. */
  replicaUrl?: string | undefined;
  metrics: Metrics;
}

/** Migrates a Postgres database under an advisory lock and opens pools on it. Throws `StartError`. */
export async function openPostgres(
  url: string,
  log: Log,
  steps: readonly Migration[],
  { connections, replicaUrl, metrics }: PostgresOptions,
): Promise<PostgresDatabase> {
  await prepareDatabase(url, steps, log);
  const sizes = poolSizes(connections);
  const health = new Health(log);
  const watch = new Watch(url, health);
  const pool = (purpose: keyof typeof sizes, sharedBy = 1) =>
    new Pool({ url, purpose, size: sizes[purpose], sharedBy, health, watch, metrics });
  // Apart, so that a transaction that reads outside of itself finds a connection for that, and messages always have theirs.
  const [reads, writes, lanes] = [pool("reads", readsAtOnce), pool("writes"), pool("lanes")];

  async function ask<T>(statement: Query<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await reads.use((line) => line.run(statement));
      } catch (error) {
        if (isConnectionLost(error) && attempt < readAttemptsMax) continue;
        throw isOutOfService(error) ? unavailable() : error;
      }
    }
  }

  // The casts of the dialects: row types are compared at compile time in `db/schema`, behaviour by the contract tests.
  const asQueries = (queries: unknown) => queries as Queries;
  const asDriver = (client: unknown) => client as Sql;
  const queries = (run: typeof ask) => drizzle(asDriver(drizzleClient(run)));

  /** In one order for all, so that no two wait for each other. */
  async function lock(tx: Queries, lockClass: number, locks: Iterable<number>): Promise<void> {
    for (const lock of [...new Set(locks)].sort((a, b) => a - b)) {
      await tx
        .select({ locked: template`pg_advisory_xact_lock(${lockClass}::int, ${lock}::int)::text` })
        .from(template`(SELECT 1) AS one`);
    }
  }

  const replica = replicaUrl === undefined ? undefined : openReplica(replicaUrl, sizes.reads, log, metrics);

  const writing = { pool: writes, log, onUntold: () => database.onUntold() };
  const database: PostgresDatabase = {
    dialect: "postgres",
    tables: tables as unknown as Tables,
    read: asQueries(queries(ask)),
    ask,
    transact: (work) => transact(writing, work),
    laneCount: sizes.lanes,
    append: (statement) => lanes.use((line) => line.run(statement)),
    write: (work) => transact(writing, (run) => work(asQueries(queries(run)))),
    onUntold: () => {},
    lockRooms: (tx, roomKeys) =>
      lock(
        tx,
        roomLockClass,
        roomKeys.map((key) => key % roomLocks),
      ),
    lockPeople: (tx, userKeys) =>
      lock(
        tx,
        personLockClass,
        userKeys.map((key) => key % personLocks),
      ),
    ping: async () => {
      await ask((sql) => sql`SELECT 1`);
    },
    close: async () => {
      await Promise.all([reads, writes, lanes, ...(replica ? [replica] : [])].map((pool) => pool.close()));
    },
    replica,
    reading: (run) => ({ ...database, ask: run, read: asQueries(queries(run)) }),
  };
  return database;
}

function openReplica(url: string, size: number, log: Log, metrics: Metrics): Replica {
  const health = new Health(log, "the replica of Postgres");
  const watch = new Watch(url, health);
  return new Replica(new Pool({ url, purpose: "replica", size, sharedBy: 1, health, watch, metrics }), metrics, log);
}
