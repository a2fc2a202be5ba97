import { and, eq, inArray, isNull } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "./append.ts";
import { noteChanged } from "./changed.ts";

/** Parameters of one statement stay far below what either database takes. */
const keysPerStatement = 500;

/**
 * Empties messages of one room for everybody, at the `rev` that the caller took: what they said, and said before they were
 * edited, is in the database no more, with reactions and pins; they keep their place. Gives the rows as they are now; those that were gone already
 * are left as they were and not among them.
 */
export async function emptyMessages(
  ctx: Context,
  tx: Queries,
  messageKeys: readonly number[],
  { rev, as }: { rev: number; as: "deleted_at" | "recalled_at" },
): Promise<StoredMessage[]> {
  const { rooms, messages, message_versions, reactions, pins } = ctx.db.tables;
  const emptied: StoredMessage[] = [];
  for (let at = 0; at < messageKeys.length; at += keysPerStatement) {
    const keys = messageKeys.slice(at, at + keysPerStatement);
    const rows = await tx
      .update(messages)
      .set({
        content: "",
        reply_to_id: null,
        mentions: null,
        reactions: null,
        changed_rev: rev,
        [as]: ctx.clock.now(),
      })
      .where(and(inArray(messages.key, keys), isNull(messages.deleted_at), isNull(messages.recalled_at)))
      .returning();
    await tx.delete(message_versions).where(inArray(message_versions.message_key, keys));
    await tx.delete(reactions).where(inArray(reactions.message_key, keys));
    const unpinned = await tx.delete(pins).where(inArray(pins.message_key, keys)).returning();
    for (const key of new Set(unpinned.map(({ room_key }) => room_key))) {
      await tx.update(rooms).set({ pins_rev: rev }).where(eq(rooms.key, key));
    }
    emptied.push(...rows);
  }
  await noteChanged(
    ctx,
    tx,
    emptied.map(({ key }) => key),
  );
  return emptied;
}
