import type { Actor, Context } from "../context.ts";
import { history, type HistoryInput, type HistoryPage } from "../messages/history.ts";
import { AppError } from "../platform/app-error.ts";
import { directRoomOf } from "../rooms/create-direct.ts";
import { findPeer } from "./find-peer.ts";

/** A page of the conversation with somebody; nothing before the first message. Throws `USER_NOT_FOUND`, `MESSAGE_NOT_FOUND`. */
export async function directHistory(
  ctx: Context,
  actor: Actor,
  userId: string,
  input: Omit<HistoryInput, "room_id">,
): Promise<HistoryPage> {
  const peer = await findPeer(ctx, actor, userId);
  const roomId = await directRoomOf(ctx, actor.key, peer.key);
  if (roomId !== undefined) return history(ctx, actor, { ...input, room_id: roomId });
  if (peer.deleted) throw new AppError("USER_NOT_FOUND");
  const { before, after, around } = input;
  if ([before, after, around].some((id) => id !== undefined)) throw new AppError("MESSAGE_NOT_FOUND");
  return { messages: [], hasMore: false };
}
