import { createClient, type Client, type InStatement } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import type { Migration } from "../../../../../../db/migrations.ts";
import * as tables from "../../../../../../db/schema/libsql.ts";
import { AppError } from "../../../app-error.ts";
import type { Log } from "../../../log.ts";
import { StartError } from "../../../start-error.ts";
import type { Queries, RemoteDatabase } from "../../database.ts";
import { isContention, isOutOfService } from "../../errors.ts";
import { Lock } from "../../lock.ts";
import { pending } from "../../migrate.ts";
import { PatientClient } from "./client.ts";
import { Link, LinkError } from "./link.ts";
import { CommitInDoubt } from "./transaction.ts";

/** Requests at once; what is beyond waits. */
const concurrency = 20;
/** What a migration may take, in one transaction. */
const migrationMs = 300_000;

/** Where the database is. */
export interface RemoteAddress {
  /** `libsql://…`, `https://…` or `http://…`. */
  url: string;
  authToken: string | undefined;
}

/** The server's address as a person may see it. */
export function hostOf({ url }: RemoteAddress): string {
  const { host, pathname } = new URL(url.replace(/^libsql:/, "https:"));
  return `${host}${pathname === "/" ? "" : pathname}`;
}

/** A client whose requests go over `link`. */
export function connect({ url, authToken }: RemoteAddress, link: Link): Client {
  return createClient({ url, ...(authToken !== undefined && { authToken }), concurrency, fetch: link.fetch });
}

/** What keeps Parley from using the database, in one line. */
export function refusalOf(error: unknown, address: RemoteAddress): StartError {
  if (error instanceof StartError) return error;
  const host = hostOf(address);
  const isToken = error instanceof LinkError && error.code === "CONNECTION_REFUSED";
  if (isToken && address.authToken === undefined) {
    return new StartError(`the libSQL database at ${host} wants a token; give it in DATABASE_AUTH_TOKEN`);
  }
  if (isToken) return new StartError(`the libSQL database at ${host} refuses DATABASE_AUTH_TOKEN`);
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(
    error instanceof LinkError ? reason : `the libSQL database at ${host} cannot be used: ${reason}`,
    { cause: error },
  );
}

/** The migrations that the database has; `undefined` where it is empty. Throws {@link StartError} when it is foreign. */
export async function appliedMigrations(client: Client, address: RemoteAddress): Promise<string[] | undefined> {
  const { rows: found } = await client.execute(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%litestream%' AND name NOT LIKE 'libsql%'",
  );
  const names = found.map((row) => String(row["name"]));
  if (names.length === 0) return undefined;
  const isOurs = names.includes("migrations") && names.includes("settings");
  if (!isOurs) {
    throw new StartError(
      `the libSQL database at ${hostOf(address)} holds other tables; give Parley a database of its own`,
    );
  }
  const { rows } = await client.execute("SELECT name FROM migrations ORDER BY name");
  return rows.map((row) => String(row["name"]));
}

/** Every missing step in one transaction, in two round trips. A server that goes away meanwhile rolls it back. */
async function migrate(address: RemoteAddress, all: readonly Migration[], log: Log): Promise<void> {
  const link = new Link({ host: hostOf(address), log, timeoutMs: migrationMs });
  const client = connect(address, link);
  try {
    const applied = await appliedMigrations(client, address);
    if (applied && pending(all, applied).length === 0) return;
    const transaction = await client.transaction("write");
    try {
      const [, settled] = await transaction.batch([
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)",
        "SELECT name FROM migrations",
      ]);
      const steps = pending(all, settled?.rows.map((row) => String(row["name"])) ?? []);
      const statements: InStatement[] = steps.flatMap(({ name, statements: texts }) => [
        ...texts,
        { sql: "INSERT INTO migrations VALUES (?, ?)", args: [name, Date.now()] },
      ]);
      if (statements.length > 0) await transaction.batch(statements);
      await transaction.commit();
      for (const { name } of steps) log.info("a migration was applied", { migration: name });
    } finally {
      transaction.close();
    }
  } finally {
    client.close();
    link.close();
  }
}

/** Opens the libSQL database behind a network, and migrates it. Throws {@link StartError}. */
export async function openRemoteLibsql(
  address: RemoteAddress,
  log: Log,
  steps: readonly Migration[],
): Promise<RemoteDatabase> {
  try {
    await migrate(address, steps, log);
  } catch (error) {
    throw refusalOf(error, address);
  }
  const { protocol, hostname } = new URL(address.url);
  if (protocol === "http:" && address.authToken !== undefined && !/^(localhost|127\.|\[::1\])/.test(hostname)) {
    log.warn("the database's token travels unencrypted: give DATABASE_URL as https://", { host: hostOf(address) });
  }
  const link = new Link({ host: hostOf(address), log });
  return database(new PatientClient(connect(address, link), link), link);
}

function database(client: PatientClient, link: Link): RemoteDatabase {
  const writers = new Lock();
  const queries = drizzle(client, { schema: tables });
  let writes = 0;

  /** Counted before and after: who looks meanwhile does not see it yet. */
  async function counted<T>(work: () => Promise<T>): Promise<T> {
    writes++;
    try {
      return await work();
    } finally {
      writes++;
    }
  }

  async function write<T>(work: (tx: Queries) => Promise<T>): Promise<T> {
    try {
      // Nothing was committed unless the commit itself was lost: then it is not run again.
      return await link.patiently(
        () => queries.transaction(work),
        (error) => !(error instanceof CommitInDoubt),
      );
    } catch (error) {
      if (isOutOfService(error) || isContention(error)) throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
      throw error;
    }
  }

  return {
    dialect: "libsql",
    isRemote: true,
    tables,
    read: queries,
    writers,
    get writes() {
      return writes;
    },
    write: (work) => writers.run(() => counted(() => write(work))),
    transact: (statements) =>
      counted(async () => {
        const asked = statements.map(({ sql, values }) => ({ sql, args: values }));
        return (await client.batch(asked, "write")).map(({ rows }) => rows);
      }),
    lockRooms: async () => {
      // The writers' lock is held, and this process is the only one.
    },
    lockPeople: async () => {
      // So it is here.
    },
    ping: async () => {
      await client.execute("SELECT 1");
    },
    close: async () => {
      await writers.acquire();
      link.close();
      client.close();
    },
  };
}
