import { describe, expect, test } from "bun:test";
import { is } from "drizzle-orm";
import { getTableConfig as postgresConfig, PgTable } from "drizzle-orm/pg-core";
import { getTableConfig as libsqlConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Sql } from "postgres";
import * as libsql from "../../db/schema/libsql.ts";
import * as postgres from "../../db/schema/postgres.ts";
import type { LibsqlDatabase } from "../../src/server/platform/db/database.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { freshDatabase, libsqlRows } from "../support/database.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type TableName = keyof typeof libsql;

/** The type check fails here when a row of one dialect is not the row of the other. */
type SameRows = {
  [N in TableName]: [
    Equal<(typeof libsql)[N]["$inferSelect"], (typeof postgres)[N]["$inferSelect"]>,
    Equal<(typeof libsql)[N]["$inferInsert"], (typeof postgres)[N]["$inferInsert"]>,
  ];
};
const sameRows: { [N in TableName]: [true, true] } extends SameRows ? true : never = true;

interface Described {
  columns: string[];
  indexes: string[];
  primaryKeys: string[];
  foreignKeys: string[];
}

interface ColumnLike {
  name: string;
  notNull: boolean;
  primary: boolean;
  dataType: string;
  enumValues?: string[] | undefined;
}

interface TableLike {
  columns: ColumnLike[];
  indexes: { config: { name?: string | undefined; unique?: boolean; columns: unknown[]; where?: unknown } }[];
  primaryKeys: { columns: { name: string }[] }[];
  foreignKeys: { reference(): { columns: { name: string }[]; foreignColumns: { name: string }[] } }[];
}

const nameOf = (column: unknown) =>
  typeof column === "object" && column !== null && "name" in column ? String(column.name) : "an expression";

function describeTable({ columns, indexes, primaryKeys, foreignKeys }: TableLike): Described {
  return {
    columns: columns.map(({ name, notNull, primary, dataType, enumValues }) =>
      [name, dataType, notNull && "not null", primary && "primary", enumValues?.join("|")].filter(Boolean).join(" "),
    ),
    indexes: indexes.map(({ config }) =>
      [config.name, config.unique && "unique", `(${config.columns.map(nameOf).join(", ")})`, config.where && "partial"]
        .filter(Boolean)
        .join(" "),
    ),
    primaryKeys: primaryKeys.map(({ columns: parts }) => parts.map(({ name }) => name).join(", ")),
    foreignKeys: foreignKeys.map((foreign) => {
      const { columns: from, foreignColumns: to } = foreign.reference();
      return `${from.map(nameOf).join(", ")} -> ${to.map(nameOf).join(", ")}`;
    }),
  };
}

const libsqlTables = Object.fromEntries(
  Object.values(libsql).flatMap((table) => (is(table, SQLiteTable) ? [[libsqlConfig(table).name, table]] : [])),
);
const postgresTables = Object.fromEntries(
  Object.values(postgres).flatMap((table) => (is(table, PgTable) ? [[postgresConfig(table).name, table]] : [])),
);

describe("the schemas of both dialects", () => {
  test("have the same rows at compile time", () => {
    expect(sameRows).toBe(true);
  });

  test("name the same tables", () => {
    expect(Object.keys(postgresTables)).toEqual(Object.keys(libsqlTables));
    expect(Object.keys(libsqlTables).length).toBeGreaterThan(5);
  });

  for (const [name, table] of Object.entries(libsqlTables)) {
    test(`describe ${name} alike: columns, nullability, indexes, keys`, () => {
      const other = postgresTables[name];
      if (!other) throw new Error(`Postgres has no ${name}`);
      expect(describeTable(postgresConfig(other))).toEqual(describeTable(libsqlConfig(table)));
    });
  }
});

interface Found {
  columns: Record<string, string[]>;
  indexes: string[];
}

const sorted = (found: Map<string, string[]>) =>
  Object.fromEntries([...found].map(([table, columns]) => [table, columns.sort()]).sort());

function group(rows: { table: string; column: string; required: boolean }[]): Record<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { table, column, required } of rows) {
    found.set(table, [...(found.get(table) ?? []), `${column}${required ? " not null" : ""}`]);
  }
  return sorted(found);
}

forEachDatabase((dialect) => {
  // But for what searches, where the dialects have nothing in common: a virtual table here, `tsvector` there, names by bytes.
  test("the migrations make what the schema says", async () => {
    const { db, dispose } = await freshDatabase(dialect);
    const found = db.dialect === "libsql" ? await libsqlCatalog(db) : await db.ask(postgresCatalog);
    await dispose();
    const configs = Object.values(libsqlTables).map((table) => libsqlConfig(table));
    const composite = (table: (typeof configs)[number]) => table.primaryKeys.flatMap(({ columns }) => columns);
    const expected: Found = {
      columns: group(
        configs.flatMap((table) =>
          table.columns.map((column) => ({
            table: table.name,
            column: column.name,
            required: column.notNull || column.primary || composite(table).includes(column),
          })),
        ),
      ),
      indexes: configs.flatMap(({ indexes }) => indexes.map(({ config }) => config.name)).sort(),
    };
    expect(found).toEqual(expected);
  });
});

async function libsqlCatalog(db: LibsqlDatabase): Promise<Found> {
  const rows = await libsqlRows(
    db,
    `SELECT m.name AS "table", c.name AS "column", c."notnull" OR c.pk > 0 AS required
     FROM sqlite_master m JOIN pragma_table_info(m.name) c
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'message_search%' AND m.name <> 'migrations'`,
  );
  const indexes = await libsqlRows(db, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
  return {
    columns: group(
      rows.map(({ table, column, required }) => ({
        table: String(table),
        column: String(column),
        required: required === 1,
      })),
    ),
    indexes: indexes.map(({ name }) => String(name)).sort(),
  };
}

async function postgresCatalog(sql: Sql): Promise<Found> {
  const rows = await sql<{ table: string; column: string; required: boolean }[]>`
    SELECT table_name AS "table", column_name AS "column", is_nullable = 'NO' AS required
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('parley_migrations', 'message_search')`;
  const indexes = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND NOT i.indisprimary AND c.relname NOT IN ('message_search_tokens', 'users_username_prefix', 'users_display_name_prefix')`;
  return { columns: group([...rows]), indexes: indexes.map(({ name }) => name).sort() };
}
