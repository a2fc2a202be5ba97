import { drizzle } from "drizzle-orm/postgres-js";
import { sql as template } from "drizzle-orm";
import postgres from "postgres";
import type { Migration } from "../../../../../db/migrations.ts";
import * as tables from "../../../../../db/schema/postgres.ts";
import { AppError } from "../../app-error.ts";
import type { Log } from "../../log.ts";
import { StartError } from "../../start-error.ts";
import type { PostgresDatabase, Queries, Tables } from "../database.ts";
import { isContention, isOutOfService } from "../errors.ts";
import { pending } from "../migrate.ts";

/** Advisory locks: one for migrations; rooms, and people, share 256 in a class of their own (DESIGN, Two dialects). */
const migrationLock = 5061726;
export const roomLockClass = 5061727;
export const roomLocks = 256;
const personLockClass = 5061728;
const personLocks = 256;

/** Connections: verbs and reads share a pool, the write lane takes one of them at a time. */
const poolSize = 10;
const attemptsMax = 5;

async function migrate(sql: postgres.Sql, all: readonly Migration[], log: Log): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${migrationLock})`;
    const [found] = await transaction<{ ours: boolean; foreign: boolean }[]>`
      SELECT to_regclass('parley_migrations') IS NOT NULL AS ours, to_regclass('users') IS NOT NULL AS foreign`;
    if (found && !found.ours && found.foreign) {
      throw new StartError("the Postgres database holds other tables; give Parley a database of its own");
    }
    await transaction`
      CREATE TABLE IF NOT EXISTS parley_migrations (name text PRIMARY KEY, applied_at bigint NOT NULL)`;
    const applied = await transaction<{ name: string }[]>`SELECT name FROM parley_migrations ORDER BY name`;
    for (const { name, statements } of pending(
      all,
      applied.map((row) => row.name),
    )) {
      for (const statement of statements) await transaction.unsafe(statement);
      await transaction`INSERT INTO parley_migrations VALUES (${name}, ${Date.now()})`;
      log.info("a migration was applied", { migration: name });
    }
  });
}

/** Opens a pool on Postgres and migrates it under an advisory lock. Throws {@link StartError}. */
export async function openPostgres(url: string, log: Log, steps: readonly Migration[]): Promise<PostgresDatabase> {
  const sql = postgres(url, {
    max: poolSize,
    connect_timeout: 5,
    idle_timeout: 60,
    connection: { application_name: "parley", statement_timeout: 30_000, lock_timeout: 10_000 },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    onnotice: () => {},
  });
  try {
    await migrate(sql, steps, log);
  } catch (error) {
    await sql.end({ timeout: 1 });
    if (error instanceof StartError) throw error;
    const { host, pathname } = new URL(url);
    const reason = error instanceof Error ? error.message || String("code" in error && error.code) : String(error);
    throw new StartError(`the Postgres database at ${host}${pathname} cannot be used: ${reason}`, { cause: error });
  }
  const drizzled = drizzle(sql, { schema: tables });
  // The one cast of the dialects: row types are compared at compile time in `db/schema`, behaviour by the contract tests.
  const asQueries = (queries: unknown) => queries as Queries;

  async function write<T>(work: (tx: Queries) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await drizzled.transaction((tx) => work(asQueries(tx)));
      } catch (error) {
        if (isOutOfService(error)) throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
        if (!isContention(error)) throw error;
        if (attempt === attemptsMax) throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
      }
    }
  }

  /** In one order for all, so that no two wait for each other. */
  async function lock(tx: Queries, lockClass: number, locks: Iterable<number>): Promise<void> {
    for (const lock of [...new Set(locks)].sort((a, b) => a - b)) {
      await tx
        .select({ locked: template`pg_advisory_xact_lock(${lockClass}::int, ${lock}::int)::text` })
        .from(template`(SELECT 1) AS one`);
    }
  }

  return {
    dialect: "postgres",
    sql,
    tables: tables as unknown as Tables,
    read: asQueries(drizzled),
    write,
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
      await sql`SELECT 1`;
    },
    close: () => sql.end({ timeout: 5 }),
  };
}
