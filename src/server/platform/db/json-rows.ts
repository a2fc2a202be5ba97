import { type Column, type InferColumnsDataTypes, type Placeholder, sql, type SQL } from "drizzle-orm";
import type { Database } from "./database.ts";

/**
 * Rows of whole numbers as one parameter, to select from: hundreds of rows cost the statement of one, which the ORM
 * builds and the database parses. Columns are named by the caller, never by anybody outside.
 */
export function jsonRows<const C extends string>(
  { dialect }: Pick<Database, "dialect">,
  columns: readonly C[],
  rows: readonly Readonly<Record<C, number>>[],
): SQL {
  const json = JSON.stringify(rows.map((row) => columns.map((column) => row[column])));
  const cells = columns.map((column, index) =>
    dialect === "libsql"
      ? sql`value ->> ${sql.raw(String(index))} AS ${sql.identifier(column)}`
      : sql`(value ->> ${sql.raw(String(index))})::bigint AS ${sql.identifier(column)}`,
  );
  const from = dialect === "libsql" ? sql`json_each(${json})` : sql`json_array_elements(${json}::text::json)`;
  return sql`(SELECT ${sql.join(cells, sql`, `)} FROM ${from}) AS json_rows`;
}

/** Texts as one parameter, to be compared with by IN. */
export function jsonTexts({ dialect }: Pick<Database, "dialect">, texts: readonly string[]): SQL {
  const json = JSON.stringify(texts);
  return dialect === "libsql"
    ? sql`(SELECT value FROM json_each(${json}))`
    : sql`(SELECT json_array_elements_text(${json}::text::json))`;
}

/** {@link jsonTexts} of whole numbers. */
export function jsonNumbers({ dialect }: Pick<Database, "dialect">, numbers: readonly number[]): SQL {
  return numbersIn(dialect, JSON.stringify(numbers));
}

/**
 * {@link jsonNumbers} in a query that is prepared: executed with `{ keys: JSON.stringify(numbers) }`. Building a query anew
 * takes the ORM as long as the database takes to answer it.
 */
export function keysGiven({ dialect }: Pick<Database, "dialect">): SQL {
  return numbersIn(dialect, sql.placeholder("keys"));
}

function numbersIn(dialect: Database["dialect"], json: string | Placeholder): SQL {
  return dialect === "libsql"
    ? sql`(SELECT value FROM json_each(${json}))`
    : sql`(SELECT value::bigint FROM json_array_elements_text(${json}::text::json))`;
}

/** {@link asJson}'s question: `cell` is to be selected alone, `rowsIn` gives what it holds. */
interface JsonCell<C extends Record<string, Column>> {
  cell: SQL<string | null>;
  rowsIn(answer: readonly { cell: string | null }[]): InferColumnsDataTypes<C>[];
}

/**
 * All rows of a query as one text, an array of arrays: hundreds of rows cost the driver and the ORM what one does, about a
 * quarter of what they cost apart.
 */
export function asJson<C extends Record<string, Column>>(
  { dialect }: Pick<Database, "dialect">,
  columns: C,
): JsonCell<C> {
  const named = Object.entries<Column>(columns);
  const cells = sql.join(
    named.map(([, column]) => column),
    sql`, `,
  );
  return {
    cell:
      dialect === "libsql"
        ? sql`json_group_array(json_array(${cells}))`
        : sql`json_agg(json_build_array(${cells}))::text`,
    rowsIn: ([found]) => {
      // What the database has put together just so; the columns' own decoders make of it what a query would give.
      const rows = JSON.parse(found?.cell ?? "[]") as unknown[][];
      return rows.map((row) => {
        const decoded: Record<string, unknown> = {};
        let index = 0;
        for (const [name, column] of named) {
          const value = row[index++];
          decoded[name] = value === null ? null : column.mapFromDriverValue(value);
        }
        return decoded as InferColumnsDataTypes<C>;
      });
    },
  };
}
