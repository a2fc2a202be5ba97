import type { Actor, Context } from "../context.ts";
import { markRead } from "../messages/mark-read.ts";
import { clearMember, directRoomOf } from "../rooms/create-direct.ts";
import { rooms } from "../rooms/directory.ts";
import { findPeer } from "./find-peer.ts";

/**
 * Empties the conversation with somebody for the actor alone: what was said up to now is not shown to them any more, and
 * counts as read. Harmless before the first message. Throws `USER_NOT_FOUND`.
 */
export async function clearConversation(
  ctx: Context,
  actor: Actor,
  userId: string,
): Promise<{ room_id: string | null; up_to_seq: number }> {
  const peer = await findPeer(ctx, actor, userId);
  const roomId = await directRoomOf(ctx, actor.key, peer.key);
  const room = roomId === undefined ? undefined : await rooms(ctx).byId(roomId);
  if (!room) return { room_id: null, up_to_seq: 0 };
  const { seq, lastId } = await ctx.db.write((tx) => clearMember(ctx, tx, room, actor.key));
  ctx.publish.toUser(actor.id, "conversation_cleared", { room_id: room.id, up_to_seq: seq });
  ctx.happenings.emit("conversation_cleared", { roomKey: room.key, userKey: actor.key });
  if (lastId !== undefined) await markRead(ctx, actor, { room_id: room.id, message_id: lastId }, { durably: true });
  return { room_id: room.id, up_to_seq: seq };
}
