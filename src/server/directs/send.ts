import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { demandReachable } from "../messages/direct-policy.ts";
import { demandContent, prepareSend, type PreparedSend, type SendInput, type Sent } from "../messages/send.ts";
import { AppError } from "../platform/app-error.ts";
import { directRoomOf, knownDirectRoom, openDirectRoom } from "../rooms/create-direct.ts";
import { messageByClientId } from "../timeline/find.ts";
import { findPeer } from "./find-peer.ts";

type DirectInput = Omit<SendInput, "room_id">;

/** Nobody begins conversations faster than this. */
const openingRate = { perSecond: 2, burst: 50 };

/**
 * {@link prepareSend} into the room of two, which the first message makes; from then on it is as fast. Throws also
 * `USER_NOT_FOUND`, `BLOCKED`, and `VALIDATION_ERROR` for a message to oneself.
 */
export function prepareDirect(
  ctx: Context,
  actor: Actor,
  receiverId: string,
  input: DirectInput,
): PreparedSend | Promise<PreparedSend> {
  const peer = people(ctx).known(receiverId);
  const roomId = peer && knownDirectRoom(ctx, actor.key, peer.key);
  return roomId === undefined
    ? prepareInRoom(ctx, actor, receiverId, input)
    : prepareSend(ctx, actor, { ...input, room_id: roomId });
}

async function prepareInRoom(
  ctx: Context,
  actor: Actor,
  receiverId: string,
  input: DirectInput,
): Promise<PreparedSend> {
  const peer = await findPeer(ctx, actor, receiverId);
  const roomId = await directRoomOf(ctx, actor.key, peer.key);
  if (roomId !== undefined) return prepareSend(ctx, actor, { ...input, room_id: roomId });
  // Whatever would refuse the message does so now, so that no room is made without one.
  demandContent(ctx, input.content);
  if (input.reply_to_id !== undefined) throw new AppError("MESSAGE_NOT_FOUND");
  if (input.temp_id !== undefined && (await messageByClientId(ctx, actor.key, input.temp_id))) {
    throw new AppError("IDEMPOTENCY_CONFLICT");
  }
  await demandReachable(ctx, actor, peer);
  await ctx.limits.demandOfAll("conversation", actor.id, openingRate);
  return prepareSend(ctx, actor, { ...input, room_id: await openDirectRoom(ctx, actor.key, peer.key) });
}

/** {@link prepareDirect} and commit in one. */
export async function sendDirect(ctx: Context, actor: Actor, receiverId: string, input: DirectInput): Promise<Sent> {
  const prepared = await prepareDirect(ctx, actor, receiverId, input);
  return new Promise((resolve, reject) => prepared.commit({ done: resolve, failed: reject }));
}
