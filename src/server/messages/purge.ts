import { and, eq, gt, isNull, lte, ne } from "drizzle-orm";
import type { Context } from "../context.ts";
import { rooms } from "../rooms/directory.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { emptyMessages } from "../timeline/empty.ts";
import { announceGone } from "./gone.ts";

/** Places of a room looked through at a time: a batch takes milliseconds, and others write between them. */
const seqsPerBatch = 500;
/** What one run leaves over is the next one's. */
const batchesPerRun = 2_000;

/**
 * Deletes what people wrote in rooms from which they were banned with a purge, the newest first. How far it has come is
 * stored with what it deletes: after a crash it goes on there.
 */
export async function purgeMessages(ctx: Context): Promise<void> {
  for (let batch = 0; batch < batchesPerRun; batch++) {
    if (!(await purgeBatch(ctx))) return;
  }
}

/** False: nothing is left to purge. */
async function purgeBatch(ctx: Context): Promise<boolean> {
  const { messages, message_purges } = ctx.db.tables;
  const [next] = await ctx.db.read.select().from(message_purges).limit(1);
  if (!next) return false;
  const { room_key, user_key } = next;
  const room = await rooms(ctx).byKey(room_key);
  const here = and(eq(message_purges.room_key, room_key), eq(message_purges.user_key, user_key));
  const gone = await ctx.db.write(async (tx): Promise<StoredMessage[]> => {
    await ctx.db.lockRooms(tx, [room_key]);
    // Asked for anew meanwhile, it begins at the newest message again.
    const [purge] = await tx.select().from(message_purges).where(here);
    if (!purge) return [];
    const from = purge.upto_seq - seqsPerBatch;
    const found = await tx
      .select({ key: messages.key })
      .from(messages)
      .where(
        and(
          eq(messages.room_key, room_key),
          gt(messages.seq, from),
          lte(messages.seq, purge.upto_seq),
          eq(messages.sender_key, user_key),
          ne(messages.type, "system"),
          isNull(messages.deleted_at),
          isNull(messages.recalled_at),
        ),
      );
    if (from > 0 && room) await tx.update(message_purges).set({ upto_seq: from }).where(here);
    else await tx.delete(message_purges).where(here);
    if (found.length === 0 || !room) return [];
    const { rev } = await changeRoom(ctx, tx, room_key);
    const keys = found.map(({ key }) => key);
    return emptyMessages(ctx, tx, keys, { rev, as: "deleted_at" });
  });
  if (room && gone.length > 0) await announceGone(ctx, room, gone);
  return true;
}
