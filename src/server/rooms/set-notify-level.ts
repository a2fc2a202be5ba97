import type { NotifyLevel } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { ownCursor } from "../timeline/cursors.ts";
import { storeNotifyLevel } from "./level-store.ts";
import { memberRoom } from "./policy.ts";

interface SetNotifyLevelInput {
  room_id: string;
  level: NotifyLevel;
}

/**
 * What of a room one wants to be notified of; one's other devices hear of it. Throws `ROOM_NOT_FOUND`, and `FORBIDDEN` to
 * who is no member.
 */
export async function setNotifyLevel(
  ctx: Context,
  actor: Actor,
  { room_id, level }: SetNotifyLevelInput,
): Promise<{ room_id: string; level: NotifyLevel }> {
  const { room } = await memberRoom(ctx, actor, room_id);
  // In the lobby there may be no row yet; a new one must not say that nothing was read.
  const { read_seq } = await ownCursor(ctx, actor, room);
  const isStored = await ctx.db.write((tx) => storeNotifyLevel(ctx, tx, room, actor.key, level, read_seq));
  if (isStored) ctx.publish.toUser(actor.id, "notification_level_changed", { room_id: room.id, level });
  return { room_id: room.id, level };
}
