import type { Migration } from "../../../../../db/migrations.ts";
import type { Log } from "../../log.ts";
import { StartError } from "../../start-error.ts";
import { pending } from "../migrate.ts";
import { Line, patientSession, type Query } from "./line.ts";

/** An advisory lock: who holds it migrates. */
const migrationLock = 5061726;
/** The oldest version that is still looked after by its makers, and that tells what became of a transaction. */
export const oldestVersion = 14;

type Run = <T>(statement: Query<T>) => Promise<T>;

/** Looks whether the database behind `url` can be used, and migrates it. Throws {@link StartError}. */
export async function prepareDatabase(url: string, steps: readonly Migration[], log: Log): Promise<void> {
  let line: Line | undefined;
  try {
    line = await Line.open(url, patientSession("migrations"));
    const run: Run = line.run.bind(line);
    await demandServer(run);
    await migrate(run, steps, log);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`DATABASE_URL: Postgres at ${placeOf(url)} cannot be used: ${reason}`, { cause: error });
  } finally {
    await line?.close();
  }
}

/** Host and database of an address, without what is secret in it. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

async function demandServer(run: Run): Promise<void> {
  const [server] = await run(
    (sql) => sql<{ version: string; number: number; encoding: string; replica: boolean; readonly: string }[]>`
      SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
        current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS replica,
        current_setting('default_transaction_read_only') AS readonly`,
  );
  const fault = server && faultOf(server);
  if (fault !== undefined) throw new StartError(`DATABASE_URL: ${fault}`);
}

/** What keeps a server from being used, and what to change. */
function faultOf(server: { version: string; number: number; encoding: string; replica: boolean; readonly: string }) {
  if (server.number < oldestVersion * 10_000) {
    return `the server is Postgres ${server.version}, and Parley needs ${oldestVersion} or newer; upgrade the server`;
  }
  if (server.encoding !== "UTF8") {
    return `the database's encoding is ${server.encoding}; make one with ENCODING 'UTF8' and name that`;
  }
  if (server.replica) return "it leads to a replica, which takes no writes; name the primary here";
  if (server.readonly === "on") return "the database is set to be read only (default_transaction_read_only)";
  return undefined;
}

/** In one transaction, under a lock: of several starts one migrates, the others wait for it and find nothing to do. */
async function migrate(run: Run, steps: readonly Migration[], log: Log): Promise<void> {
  await run((sql) => sql.unsafe("BEGIN"));
  const [free] = await run(
    (sql) => sql<{ ours: boolean }[]>`SELECT pg_try_advisory_xact_lock(${migrationLock}) AS ours`,
  );
  if (!free?.ours) {
    log.info("another start migrates the database; this one waits for it");
    await run((sql) => sql`SELECT pg_advisory_xact_lock(${migrationLock})`);
  }
  const [found] = await run(
    (sql) => sql<{ ours: boolean; foreign: boolean }[]>`
      SELECT to_regclass('parley_migrations') IS NOT NULL AS ours, to_regclass('users') IS NOT NULL AS foreign`,
  );
  if (found && !found.ours && found.foreign) {
    throw new StartError("the Postgres database holds other tables; give Parley a database of its own");
  }
  await run(
    (sql) => sql`CREATE TABLE IF NOT EXISTS parley_migrations (name text PRIMARY KEY, applied_at bigint NOT NULL)`,
  );
  const applied = await run((sql) => sql<{ name: string }[]>`SELECT name FROM parley_migrations ORDER BY name`);
  const names = applied.map(({ name }) => name);
  for (const { name, statements } of pending(steps, names)) {
    for (const statement of statements) await run((sql) => sql.unsafe(statement));
    await run((sql) => sql`INSERT INTO parley_migrations VALUES (${name}, ${Date.now()})`);
    log.info("a migration was applied", { migration: name });
  }
  await run((sql) => sql.unsafe("COMMIT"));
}
