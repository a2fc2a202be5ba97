import Libsql from "libsql";
import type {
  Database,
  EmbeddedDatabase,
  PostgresDatabase,
  RemoteDatabase,
  Statement,
  Tables,
} from "../../src/server/platform/db/database.ts";

type Row<T extends keyof Tables> = Tables[T]["$inferInsert"];

/** Rows of several tables and the new counters of rooms, for one transaction. */
export interface Batch {
  users?: Row<"users">[];
  sessions?: Row<"sessions">[];
  rooms?: Row<"rooms">[];
  members?: Row<"members">[];
  messages?: Row<"messages">[];
  counters?: { key: number; last_seq: number; rev: number }[];
}

const tableOrder = ["users", "sessions", "rooms", "members", "messages"] as const;
type TableName = (typeof tableOrder)[number];

/** Writes large numbers of rows, past the write lane: for filling a database that nobody else writes to. */
export interface Bulk {
  /** Takes `count` keys of a table; gives the first. */
  reserve(table: "users" | "rooms", count: number): Promise<number>;
  commit(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

export function openBulk(db: Database): Bulk {
  if (db.dialect === "postgres") return new PostgresBulk(db);
  return db.isRemote ? new RemoteBulk(db) : new LibsqlBulk(db);
}

/** Rows of one prepared statement: most of the parser's cost disappears. */
const rowsPerInsert = 100;

type Value = string | number | null;

function valueOf(value: unknown): Value {
  if (typeof value === "string" || typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : null;
}

class LibsqlBulk implements Bulk {
  readonly #db: Libsql.Database;
  readonly #inserts = new Map<string, Libsql.Statement>();

  constructor(private readonly database: EmbeddedDatabase) {
    this.#db = new Libsql(database.path, { timeout: 5 });
    // Nothing here was promised to anybody: the log is synced at its checkpoints, not at every commit.
    for (const pragma of ["synchronous = NORMAL", "cache_size = -131072", "foreign_keys = ON"]) {
      this.#db.exec(`PRAGMA ${pragma}`);
    }
  }

  async reserve(table: "users" | "rooms"): Promise<number> {
    const row = this.#db.prepare("SELECT max(seq) AS last FROM sqlite_sequence WHERE name = ?").get(table);
    return Number((row as { last: number | null }).last ?? 0) + 1;
  }

  commit(batch: Batch): Promise<void> {
    return this.database.writers.run(async () => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        for (const table of tableOrder) this.#insert(table, batch[table] ?? []);
        for (const { key, last_seq, rev } of batch.counters ?? []) {
          this.#prepared("UPDATE rooms SET last_seq = ?, rev = ? WHERE key = ?").run([last_seq, rev, key]);
        }
        this.#db.exec("COMMIT");
      } catch (error) {
        if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
      // The driver's finalisers and whoever draws the progress need the event loop to turn.
      await new Promise((resolve) => setImmediate(resolve));
    });
  }

  #insert(table: TableName, rows: readonly object[]): void {
    const columns = Object.keys(rows[0] ?? {});
    const marks = `(${columns.map(() => "?").join(",")})`;
    for (let at = 0; at < rows.length; at += rowsPerInsert) {
      const part = rows.slice(at, at + rowsPerInsert);
      // Names of tables and columns are this program's own; every value is bound.
      const sql = `INSERT INTO ${table} (${columns.join(",")}) VALUES ${part.map(() => marks).join(",")}`;
      this.#prepared(sql).run(part.flatMap((row) => Object.values(row).map(valueOf)));
    }
  }

  #prepared(sql: string): Libsql.Statement {
    const known = this.#inserts.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#inserts.set(sql, statement);
    return statement;
  }

  async close(): Promise<void> {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#db.close();
  }
}

/** Rows of one parameter: servers bound its size. */
const rowsPerParameter = 1_000;

class RemoteBulk implements Bulk {
  constructor(private readonly db: RemoteDatabase) {}

  async reserve(table: "users" | "rooms"): Promise<number> {
    const [rows] = await this.db.transact([
      { sql: "SELECT coalesce(max(seq), 0) AS last FROM sqlite_sequence WHERE name = ?", values: [table] },
    ]);
    return Number(rows?.[0]?.["last"] ?? 0) + 1;
  }

  async commit(batch: Batch): Promise<void> {
    const counters = (batch.counters ?? []).map(({ key, last_seq, rev }) => [key, last_seq, rev]);
    const statements: Statement[] = [
      ...tableOrder.flatMap((table) => this.#inserts(table, batch[table] ?? [])),
      {
        sql: `UPDATE rooms SET last_seq = c.value ->> 1, rev = c.value ->> 2 FROM json_each(?) AS c WHERE rooms.key = c.value ->> 0`,
        values: [JSON.stringify(counters)],
      },
    ];
    await this.db.writers.run(() => this.db.transact(statements));
  }

  #inserts(table: TableName, rows: readonly object[]): Statement[] {
    const columns = Object.keys(rows[0] ?? {});
    const cells = columns.map((_, index) => `value ->> ${index}`).join(", ");
    // Names of tables and columns are this program's own; every value is bound. Sent twice, it fails loudly.
    const sql = `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${cells} FROM json_each(?)`;
    const statements: Statement[] = [];
    for (let at = 0; at < rows.length; at += rowsPerParameter) {
      const part = rows.slice(at, at + rowsPerParameter);
      statements.push({ sql, values: [JSON.stringify(part.map((row) => Object.values(row).map(valueOf)))] });
    }
    return statements;
  }

  async close(): Promise<void> {
    // Nothing is kept open.
  }
}

class PostgresBulk implements Bulk {
  constructor(private readonly db: PostgresDatabase) {}

  async reserve(table: "users" | "rooms", count: number): Promise<number> {
    const [row] = await this.db.ask(
      (sql) => sql<{ last: number }[]>`
        SELECT setval(name, nextval(name) + ${count}) AS last
        FROM (SELECT pg_get_serial_sequence(${table}, 'key') AS name) AS sequence`,
    );
    if (!row) throw new Error(`Postgres gave no keys for ${table}`);
    return row.last - count + 1;
  }

  async commit(batch: Batch): Promise<void> {
    await this.db.transact(async (run) => {
      for (const table of tableOrder) {
        const rows = batch[table] ?? [];
        if (rows.length === 0) continue;
        const names = Object.keys(rows[0] ?? {});
        await run(
          (sql) => sql`
            INSERT INTO ${sql(table)} (${sql(names)}) SELECT ${sql(names)}
            FROM json_populate_recordset(NULL::${sql(table)}, ${JSON.stringify(rows)}::text::json)`,
        );
      }
      if (!batch.counters?.length) return;
      await run(
        (sql) => sql`
          UPDATE rooms SET last_seq = c.last_seq, rev = c.rev
          FROM json_to_recordset(${JSON.stringify(batch.counters)}::text::json)
            AS c(key bigint, last_seq bigint, rev bigint)
          WHERE rooms.key = c.key`,
      );
    });
  }

  async close(): Promise<void> {
    await this.db.ask((sql) => sql`ANALYZE`);
  }
}

/** Rows of one transaction: large enough to be quick, small enough for the memory of a small machine. */
const rowsPerBatch = 10_000;

/** Calls `work` for one range after another, `to` exclusive, until `count` is reached. */
export async function inBatches(
  count: number,
  work: (from: number, to: number) => Promise<void>,
  size = rowsPerBatch,
): Promise<void> {
  for (let from = 0; from < count; from += size) await work(from, Math.min(from + size, count));
}
