import { Line } from "./postgres/line.ts";

/** What a Postgres server is and what we may do there. */
export interface PostgresFacts {
  version: number;
  encoding: string;
  isReplica: boolean;
  isReadOnly: boolean;
  mayCreate: boolean;
  /** Whether a commit is on disk when it is answered: nothing less is an acknowledgement. */
  fsync: boolean;
  fullPageWrites: boolean;
  synchronousCommit: string;
  connectionsMax: number;
  connectionsOfOthers: number;
  /** Of the database's history; `null` before the first start. */
  epoch: string | null;
  /** How much was ever written, and on a replica how much of it has come. */
  writtenBytes: number;
  /** Its clock against this machine's, half the way there and back taken off. */
  clockAheadMs: number;
  /** One query there and back. */
  tripMs: number;
}

/** Looks at the server behind `url` and changes nothing. Rejects with one line that says what does not work. */
export async function inspectPostgresServer(url: string, now: () => number = Date.now): Promise<PostgresFacts> {
  const line = await Line.open(url, { purpose: "doctor", settings: { statement_timeout: "5s" } });
  try {
    const asked = performance.now();
    const [clock] = await line.run(
      (sql) => sql<{ ms: number }[]>`SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms`,
    );
    const tripMs = performance.now() - asked;
    const here = now();
    const [facts] = await line.run(
      (sql) => sql<Omit<PostgresFacts, "clockAheadMs" | "tripMs" | "epoch">[]>`
      SELECT current_setting('server_version_num')::int / 10000 AS version,
        current_setting('server_encoding') AS encoding,
        pg_is_in_recovery() AS "isReplica",
        current_setting('default_transaction_read_only') = 'on' AS "isReadOnly",
        has_schema_privilege(current_schema(), 'CREATE') AS "mayCreate",
        current_setting('fsync') = 'on' AS fsync,
        current_setting('full_page_writes') = 'on' AS "fullPageWrites",
        current_setting('synchronous_commit') AS "synchronousCommit",
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
          AS "connectionsMax",
        (SELECT count(*)::int FROM pg_stat_activity
          WHERE backend_type = 'client backend' AND application_name NOT LIKE 'parley%') AS "connectionsOfOthers",
        pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
          '0/0')::float8 AS "writtenBytes"`,
    );
    const [table] = await line.run(
      (sql) => sql<{ exists: boolean }[]>`SELECT to_regclass('settings') IS NOT NULL AS exists`,
    );
    const [epoch] = table?.exists
      ? await line.run((sql) => sql<{ value: string }[]>`SELECT value FROM settings WHERE name = 'epoch'`)
      : [undefined];
    if (!facts || !clock) throw new Error("it answers with nothing");
    return { ...facts, epoch: epoch?.value ?? null, clockAheadMs: clock.ms + tripMs / 2 - here, tripMs };
  } finally {
    line.end();
  }
}
