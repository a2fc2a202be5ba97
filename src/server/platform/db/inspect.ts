import { createClient } from "@libsql/client";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { migrations } from "../../../../db/migrations.ts";
import { applicationId } from "./dialect/libsql.ts";
import { StartError } from "../start-error.ts";
import { appliedMigrations, connect, hostOf, refusalOf, type RemoteAddress } from "./dialect/remote-libsql/open.ts";
import { Link } from "./dialect/remote-libsql/link.ts";
import { kindOf } from "../../database-url.ts";
import { pending } from "./migrate.ts";
import { reasonOf } from "./postgres/address.ts";
import { Line, patientSession } from "./postgres/line.ts";
import { placeOf } from "./postgres/prepare.ts";

/** What a look at the database found, without changing anything in it. */
export interface Inspection {
  /** Software and place, without secrets. */
  name: string;
  /** `absent`: made at the first start. */
  state: "absent" | "ready" | "behind";
  /** Migrations that the next start applies. */
  pending: string[];
}

/** Looks at the database behind `url`. Throws {@link StartError} when it cannot be used. */
export function inspectDatabase(url: string, authToken?: string): Promise<Inspection> {
  switch (kindOf(url)) {
    case "file":
      return inspectLibsql(url);
    case "remote":
      return inspectRemote({ url, authToken });
    case "postgres":
      return inspectPostgres(url);
  }
}

async function inspectLibsql(url: string): Promise<Inspection> {
  const path = url.startsWith("file://") ? fileURLToPath(url) : url.slice("file:".length);
  if (!existsSync(path)) return { name: path, state: "absent", pending: [] };
  const client = createClient({ url: `file:${path}`, concurrency: 1 });
  const read = async (sql: string) => (await client.execute(sql)).rows.map((row) => row[0]);
  try {
    const tables = await read("SELECT name FROM sqlite_master");
    if (tables.length === 0) return { name: path, state: "absent", pending: [] };
    if (Number((await read("PRAGMA application_id"))[0]) !== applicationId) {
      throw new StartError(`${path} is not a Parley database`);
    }
    const [health] = await read("PRAGMA quick_check(1)");
    if (health !== "ok") throw new StartError(`${path} is damaged: ${String(health)}`);
    const applied = tables.includes("migrations") ? await read("SELECT name FROM migrations ORDER BY name") : [];
    return stateOf(path, "libsql", applied.map(String));
  } catch (error) {
    if (error instanceof StartError) throw error;
    const isForeign = error instanceof Error && "code" in error && error.code === "SQLITE_NOTADB";
    if (isForeign) throw new StartError(`${path} is not a Parley database`);
    throw new StartError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    client.close();
  }
}

async function inspectRemote(address: RemoteAddress): Promise<Inspection> {
  const name = `libSQL at ${hostOf(address)}`;
  const link = new Link({ host: hostOf(address) });
  const client = connect(address, link);
  try {
    const applied = await appliedMigrations(client, address);
    return applied ? stateOf(name, "libsql", applied) : { name, state: "absent", pending: [] };
  } catch (error) {
    throw refusalOf(error, address);
  } finally {
    client.close();
    link.close();
  }
}

async function inspectPostgres(url: string): Promise<Inspection> {
  let line: Line | undefined;
  try {
    line = await Line.open(url, patientSession("doctor"));
    const [server] = await line.run(
      (sql) => sql<{ version: string; ours: boolean }[]>`
        SELECT current_setting('server_version') AS version, to_regclass('parley_migrations') IS NOT NULL AS ours`,
    );
    const name = `Postgres ${server?.version} at ${placeOf(url)}`;
    if (!server?.ours) return { name, state: "absent", pending: [] };
    const applied = await line.run((sql) => sql<{ name: string }[]>`SELECT name FROM parley_migrations ORDER BY name`);
    return stateOf(
      name,
      "postgres",
      applied.map((row) => row.name),
    );
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`Postgres at ${placeOf(url)} cannot be used: ${reasonOf(error)}`, { cause: error });
  } finally {
    await line?.close();
  }
}

function stateOf(name: string, dialect: "libsql" | "postgres", applied: readonly string[]): Inspection {
  const missing = pending(migrations(dialect), applied).map((migration) => migration.name);
  return { name, state: missing.length > 0 ? "behind" : "ready", pending: missing };
}
