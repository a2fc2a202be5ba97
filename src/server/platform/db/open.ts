import { migrations, type Migration } from "../../../../db/migrations.ts";
import type { Log } from "../log.ts";
import { createMetrics, type Metrics } from "../metrics.ts";
import type { Database } from "./database.ts";
import { openLibsql } from "./dialect/libsql.ts";
import { openPostgres } from "./dialect/postgres.ts";
import { openRemoteLibsql } from "./dialect/remote-libsql/open.ts";
import { kindOf } from "../../database-url.ts";

interface DatabaseOptions {
  /** The migrations of the dialect, but for tests that bring later ones. */
  steps?: readonly Migration[] | undefined;
  /** What a libSQL server asks for. */
  authToken?: string | undefined;
  /** Connections to Postgres at most. */
  connections?: number;
  /** A replica of the Postgres behind `url`. */
  replicaUrl?: string | undefined;
  metrics?: Metrics;
}

const defaultConnections = 16;

/** Opens and migrates the database behind `url`. Throws `StartError`. */
export function openDatabase(
  url: string,
  log: Log,
  { steps, authToken, connections = defaultConnections, replicaUrl, metrics = createMetrics() }: DatabaseOptions = {},
): Promise<Database> {
  switch (kindOf(url)) {
    case "file":
      return openLibsql(url, log, steps ?? migrations("libsql"));
    case "remote":
      return openRemoteLibsql({ url, authToken }, log, steps ?? migrations("libsql"), metrics);
    case "postgres":
      return openPostgres(url, log, steps ?? migrations("postgres"), { connections, replicaUrl, metrics });
  }
}
