import { sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

/** What the person typed is text: its `%` and `_` are no wildcards. */
function literal(text: string): string {
  return text.replace(/[!%_]/g, "!$&");
}

/** Whether the column contains `text`. Both are compared as they are: fold their case alike before. */
export function contains(column: SQLiteColumn, text: string): SQL {
  return sql`${column} LIKE ${`%${literal(text)}%`} ESCAPE '!'`;
}

/** Whether the column begins with `text`; see {@link contains}. */
export function startsWith(column: SQLiteColumn, text: string): SQL {
  return sql`${column} LIKE ${`${literal(text)}%`} ESCAPE '!'`;
}
