import type { Context } from "../context.ts";
import { noteChanged } from "../timeline/changed.ts";
import { deletedRoomKey, deleteMessages, deleteRoomRow } from "./store.ts";

/** What is still on its way to a room just deleted (read cursors) finds its row for this long. */
const graceMs = 60_000;
const messagesPerBatch = 500;
/** One run holds up nobody: a batch takes milliseconds, and others write between them. */
const batchesPerRun = 40;

/** Removes what is left of deleted rooms, oldest messages first, a bounded part a run. */
export async function purgeDeletedRooms(ctx: Context): Promise<void> {
  for (let batch = 0; batch < batchesPerRun; batch++) {
    const roomKey = await deletedRoomKey(ctx, ctx.clock.now() - graceMs);
    if (roomKey === undefined) return;
    await ctx.db.write(async (tx) => {
      const deleted = await deleteMessages(ctx, tx, roomKey, messagesPerBatch);
      await noteChanged(ctx, tx, deleted);
      if (deleted.length < messagesPerBatch) await deleteRoomRow(ctx, tx, roomKey);
    });
  }
}
