import { createClient, type Client, type InStatement } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import type { Migration } from "../../../../../../db/migrations.ts";
import * as tables from "../../../../../../db/schema/libsql.ts";
import { AppError } from "../../../app-error.ts";
import type { Log } from "../../../log.ts";
import type { Metrics } from "../../../metrics.ts";
import { StartError } from "../../../start-error.ts";
import type { Queries, RemoteDatabase } from "../../database.ts";
import { isContention, isOutOfService } from "../../errors.ts";
import { Lock } from "../../lock.ts";
import { pending } from "../../migrate.ts";
import { PatientClient } from "./client.ts";
import { isLinkError, Link, LinkError, patienceMs } from "./link.ts";
import { CommitInDoubt } from "./transaction.ts";
import { WriteMark } from "./write-mark.ts";

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
  // Relative to a folder: without a slash at its end the driver would leave out the last part of the path.
  const folder = url.replace(/\/*(\?tls=[01])?$/, "/$1");
  return createClient({ url: folder, ...(authToken !== undefined && { authToken }), concurrency, fetch: link.fetch });
}

/** What keeps Parley from using the database, in one line. */
export function refusalOf(error: unknown, address: RemoteAddress): StartError {
  if (error instanceof StartError) return error;
  const host = hostOf(address);
  const isToken = error instanceof LinkError && error.code === "CONNECT_REFUSED";
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
  const link = new Link({ host: hostOf(address), timeoutMs: migrationMs });
  const client = connect(address, link);
  try {
    const applied = await appliedMigrations(client, address);
    const { rows: pragma } = await client.execute("PRAGMA foreign_keys");
    if (pragma[0]?.[0] !== 1) {
      throw new StartError(`the libSQL server at ${hostOf(address)} does not enforce foreign keys, which Parley needs`);
    }
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
  metrics?: Metrics,
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
  const link = new Link({ host: hostOf(address), log, metrics });
  const client = connect(address, link);
  const mark = new WriteMark(client, link);
  try {
    await mark.begin();
  } catch (error) {
    throw refusalOf(error, address);
  }
  return database(client, link, mark, log);
}

function database(inner: Client, link: Link, mark: WriteMark, log: Log): RemoteDatabase {
  const writers = new Lock();
  const client = new PatientClient(inner, link, mark);
  const queries = drizzle(client, { schema: tables });
  let writes = 0;

  /** Counted afterwards: who looks meanwhile does not see it yet. */
  async function counted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      writes++;
    }
  }

  async function wasLeft(): Promise<boolean> {
    try {
      return await mark.wasLeft();
    } catch (error) {
      if (!isLinkError(error)) throw error;
      log.error("it is not known whether a change was stored: the connection was lost at its commit");
      throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
    }
  }

  /** Nothing was committed unless the commit itself was lost: then the mark tells, and only what is undone runs again. */
  async function attempt<T>(work: (tx: Queries) => Promise<T>): Promise<T> {
    await mark.know();
    let result: { value: T } | undefined;
    try {
      return await queries.transaction(async (tx) => {
        const value = await work(tx);
        result = { value };
        return value;
      });
    } catch (error) {
      if (!(error instanceof CommitInDoubt) || !result) throw error;
      if (await wasLeft()) return result.value;
      throw error;
    }
  }

  async function write<T>(work: (tx: Queries) => Promise<T>): Promise<T> {
    try {
      return await link.patiently(() => attempt(work));
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
    write: async (work) => {
      // A batch of messages in doubt holds the lock until the database answers.
      if (!(await writers.acquireWithin(patienceMs))) throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
      try {
        return await counted(() => write(work));
      } finally {
        writers.release();
      }
    },
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
    hurry: () => link.hurry(),
    ping: async () => {
      await client.execute("SELECT 1");
    },
    close: async () => {
      await writers.acquire();
      try {
        await mark.end();
      } catch (error) {
        // Another start forgets it in time.
        if (!isLinkError(error)) throw error;
      }
      link.close();
      client.close();
    },
  };
}
