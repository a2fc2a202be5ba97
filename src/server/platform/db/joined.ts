import { sql, type SQL } from "drizzle-orm";
import type { Database } from "./database.ts";

/**
 * The texts of many rows as one, in their order. Select from a subquery that is `ORDER BY order`: libSQL takes its rows as
 * they come, which costs half of sorting them once more (and its servers know no order inside of an aggregate); Postgres
 * promises an order only there.
 */
export function joinedInOrder(
  { dialect }: Pick<Database, "dialect">,
  { text, separator, order }: { text: SQL; separator: "," | "\n"; order: SQL },
): SQL {
  const between = sql.raw(`'${separator}'`);
  return dialect === "libsql"
    ? sql`string_agg(${text}, ${between})`
    : sql`string_agg(${text}, ${between} ORDER BY ${order})`;
}
