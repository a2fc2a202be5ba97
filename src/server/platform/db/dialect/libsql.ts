import { createClient, type Client } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Migration } from "../../../../../db/migrations.ts";
import * as tables from "../../../../../db/schema/libsql.ts";
import { AppError } from "../../app-error.ts";
import type { Log } from "../../log.ts";
import { StartError } from "../../start-error.ts";
import type { EmbeddedDatabase } from "../database.ts";
import { isContention } from "../errors.ts";
import { Lock } from "../lock.ts";
import { pending } from "../migrate.ts";
import { connectionPragmas } from "./connection-pragmas.ts";

/** "Parl" in the file's header says whose file it is. */
export const applicationId = 0x5061726c;

/** How long a writer waits for a foreign process to let go of the file. */
const contentionMs = 5_000;

/** `concurrency: 1` is exactly one connection, which keeps its pragmas; the driver's own waiting stops the event loop. */
function connect(path: string): Client {
  return createClient({ url: `file:${path}`, concurrency: 1, timeout: 0 });
}

/**
 * Tries again while a foreign process holds the file, without stopping the event loop. On a connection of its own each
 * time: a BEGIN that met SQLITE_BUSY stays "in progress" in its connection until the garbage collector takes the
 * driver's statement, and meanwhile every COMMIT there is refused.
 */
async function patiently<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + contentionMs;
  for (let delayMs = 5, isFirst = true; ; delayMs = Math.min(delayMs * 2, 200), isFirst = false) {
    try {
      if (!isFirst) await renew(client);
      return await work();
    } catch (error) {
      if (!isContention(error)) throw error;
      if (Date.now() > until) {
        await renew(client);
        throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
      }
      await Bun.sleep(delayMs);
    }
  }
}

async function renew(client: Client): Promise<void> {
  await client.reconnect();
  for (const pragma of connectionPragmas) await client.execute(pragma);
}

async function readNumber(client: Client, sql: string): Promise<number> {
  const { rows } = await client.execute(sql);
  return Number(rows[0]?.[0] ?? 0);
}

async function refuseForeignFile(client: Client, path: string): Promise<void> {
  const foreign = new StartError(`${path} is not a Parley database; give another DATABASE_URL or DATA_DIR`);
  try {
    const isEmpty = (await readNumber(client, "SELECT count(*) FROM sqlite_master")) === 0;
    if (!isEmpty && (await readNumber(client, "PRAGMA application_id")) !== applicationId) throw foreign;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "SQLITE_NOTADB") throw foreign;
    throw error;
  }
}

async function appliedMigrations(client: Client): Promise<string[]> {
  if ((await readNumber(client, "SELECT count(*) FROM sqlite_master WHERE name = 'migrations'")) === 0) return [];
  const { rows } = await client.execute("SELECT name FROM migrations ORDER BY name");
  return rows.map((row) => String(row["name"]));
}

/**
 * Brings the file up to date: a snapshot beside it first, then every missing step in one transaction that holds the
 * file's write lock, so that of two starts one waits for the other and finds nothing left to do.
 */
async function migrate(client: Client, path: string, all: readonly Migration[], log: Log): Promise<void> {
  const applied = await appliedMigrations(client);
  if (pending(all, applied).length === 0) return;
  if (applied.length > 0) {
    const folder = join(dirname(path), "snapshots");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const snapshot = join(folder, `before-${pending(all, applied)[0]?.name}-${Date.now()}-${process.pid}.db`);
    await client.execute({ sql: "VACUUM INTO ?", args: [snapshot] });
    log.info("the database was copied before its migration", { snapshot });
  }
  const transaction = await patiently(client, () => client.transaction("write"));
  try {
    await transaction.execute(`PRAGMA application_id = ${applicationId}`);
    await transaction.execute(
      "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)",
    );
    const { rows } = await transaction.execute("SELECT name FROM migrations");
    for (const { name, statements } of pending(
      all,
      rows.map((row) => String(row["name"])),
    )) {
      for (const statement of statements) await transaction.execute(statement);
      await transaction.execute({ sql: "INSERT INTO migrations VALUES (?, ?)", args: [name, Date.now()] });
      log.info("a migration was applied", { migration: name });
    }
    await transaction.commit();
  } finally {
    transaction.close();
  }
}

/** Opens the file behind a `file:` URL, makes it if need be, and migrates it. Throws {@link StartError}. */
export async function openLibsql(url: string, log: Log, steps: readonly Migration[]): Promise<EmbeddedDatabase> {
  const path = url.startsWith("file://") ? fileURLToPath(url) : url.slice("file:".length);
  const until = Date.now() + contentionMs;
  for (;;) {
    try {
      return await openOnce(path, log, steps);
    } catch (error) {
      if (error instanceof StartError) throw error;
      // Another start may switch to WAL, migrate or close its last connection: each locks the file for a moment.
      if (isContention(error) && Date.now() < until) {
        await Bun.sleep(20);
        continue;
      }
      const isHeld = isContention(error) || error instanceof AppError;
      const reason = isHeld ? "another process holds it" : error instanceof Error ? error.message : String(error);
      throw new StartError(`the database ${path} cannot be opened: ${reason}`, { cause: error });
    }
  }
}

async function openOnce(path: string, log: Log, steps: readonly Migration[]): Promise<EmbeddedDatabase> {
  const opened: Client[] = [];
  try {
    const folder = dirname(path);
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The driver opens the file at once, and fails where it cannot.
    const writer = connect(path);
    opened.push(writer);
    const reader = connect(path);
    opened.push(reader);
    await refuseForeignFile(writer, path);
    await writer.execute("PRAGMA journal_mode = WAL");
    for (const pragma of connectionPragmas) {
      await writer.execute(pragma);
      await reader.execute(pragma);
    }
    await migrate(writer, path, steps, log);
    return database(path, writer, reader);
  } catch (error) {
    for (const client of opened) client.close();
    throw error;
  }
}

function database(path: string, writer: Client, reader: Client): EmbeddedDatabase {
  const writers = new Lock();
  const queries = drizzle(writer, { schema: tables });
  const read = drizzle(reader, { schema: tables });
  return {
    dialect: "libsql",
    isRemote: false,
    path,
    tables,
    read,
    writers,
    write: (work) => writers.run(() => patiently(writer, () => queries.transaction(work, { behavior: "immediate" }))),
    lockRooms: async () => {
      // The transaction already holds the file's write lock.
    },
    lockPeople: async () => {
      // So it does here.
    },
    ping: async () => {
      await reader.execute("SELECT 1");
    },
    close: async () => {
      await writers.acquire();
      writer.close();
      reader.close();
    },
  };
}
