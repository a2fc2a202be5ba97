import type { Message } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { rooms } from "../rooms/directory.ts";
import { membership } from "../rooms/membership.ts";
import { messageById } from "../timeline/find.ts";
import { statusesOf } from "../timeline/status.ts";
import { asSeen } from "./as-seen.ts";
import type { Sent } from "./send.ts";

/**
 * A message as its sender gets it in answer to sending it: with how far it has come, where the room tells. A retry gets
 * what was stored also from a room its sender has left, or from which they deleted it for themselves: without what only
 * members see of it.
 */
export async function asSent(ctx: Context, actor: Actor, { message, isRepeat }: Sent): Promise<Message> {
  const room = await rooms(ctx).byId(message.room_id);
  if (!room || room.is_lobby || !(await membership(ctx, room, actor.key))) return message;
  if (!isRepeat) {
    const status = (await statusesOf(ctx, actor.key, room.key, [message])).get(message.seq);
    return status ? { ...message, status } : message;
  }
  const row = await messageById(ctx, room.key, message.id);
  const seen = row && (await asSeen(ctx, actor, room, row));
  return seen && !("is_hidden" in seen) ? seen : message;
}
