import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";

/** Parameters of one statement stay far below what either database takes. */
const keysPerInsert = 500;

/**
 * These messages are not what they were: edited, emptied or gone. Said in the transaction that changed them, so that what
 * follows a message later (the search index) can never miss it.
 */
export async function noteChanged(ctx: Context, tx: Queries, messageKeys: readonly number[]): Promise<void> {
  for (let at = 0; at < messageKeys.length; at += keysPerInsert) {
    const part = messageKeys.slice(at, at + keysPerInsert);
    await tx.insert(ctx.db.tables.search_changes).values(part.map((message_key) => ({ message_key })));
  }
}
