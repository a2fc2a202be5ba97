import { and, eq, inArray } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";

/**
 * Takes away what hangs on messages that are emptied: who reacted, former wordings, pins. Called in the transaction that
 * empties them, with the `rev` that it took; the counts on the row are the caller's to clear.
 */
export async function takeAlong(
  ctx: Context,
  tx: Queries,
  { roomKey, rev }: { roomKey: number; rev: number },
  messageKeys: readonly number[],
): Promise<void> {
  const { reactions, message_versions, pins, rooms } = ctx.db.tables;
  const keys = jsonNumbers(ctx.db, messageKeys);
  await tx.delete(reactions).where(inArray(reactions.message_key, keys));
  await tx.delete(message_versions).where(inArray(message_versions.message_key, keys));
  const unpinned = await tx
    .delete(pins)
    .where(and(eq(pins.room_key, roomKey), inArray(pins.message_key, keys)))
    .returning({ key: pins.message_key });
  if (unpinned.length > 0) await tx.update(rooms).set({ pins_rev: rev }).where(eq(rooms.key, roomKey));
}
