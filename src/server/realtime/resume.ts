import { limits } from "../../protocol/limits.ts";
import type { RoomChanges } from "../../protocol/models.ts";
import type { CommandHandlers, Context, Viewer } from "../context.ts";
import { roomChanges } from "../messages/changes.ts";
import { AppError } from "../platform/app-error.ts";

/** A batch of changes stays about below this, so that a slow peer can take it before more is sent. */
const batchChars = 256 * 1024;
const batchChangesMin = 20;

/** What changed in each room since the `rev` that the client has, one batch a room; `sync_reset` for another history. */
export const sync: CommandHandlers["sync"] = async (ctx, peer, { epoch, rooms }) => {
  if (epoch !== ctx.epoch) {
    peer.send("sync_reset", { epoch: ctx.epoch });
    return {};
  }
  for (const { room_id, rev } of rooms) {
    try {
      peer.send("sync_batch", await changesThatFit(ctx, peer.viewer, room_id, rev));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "ROOM_NOT_FOUND") throw error;
      peer.send("room_removed", { room_id, reason: "left" });
    }
    await peer.drained();
  }
  return {};
};

async function changesThatFit(ctx: Context, viewer: Viewer, roomId: string, rev: number): Promise<RoomChanges> {
  const all = await roomChanges(ctx, viewer, roomId, rev, limits.changesPerRoom);
  const chars = all.messages.reduce((sum, message) => sum + ("content" in message ? message.content.length : 0), 0);
  if (chars <= batchChars) return all;
  const fitting = Math.max(batchChangesMin, Math.floor((all.messages.length * batchChars) / chars));
  return roomChanges(ctx, viewer, roomId, rev, fitting);
}
