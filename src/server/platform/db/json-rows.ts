import { sql, type SQL } from "drizzle-orm";
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
  const json = JSON.stringify(numbers);
  return dialect === "libsql"
    ? sql`(SELECT value FROM json_each(${json}))`
    : sql`(SELECT value::bigint FROM json_array_elements_text(${json}::text::json))`;
}
