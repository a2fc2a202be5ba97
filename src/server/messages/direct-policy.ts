import { people, type Person } from "../accounts/people.ts";
import { blocksOfOne, knownBlocks } from "../blocks/blocked.ts";
import type { Actor, Context } from "../context.ts";
import { areFriends } from "../friends/are-friends.ts";
import { AppError } from "../platform/app-error.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { peerKeyIn } from "../rooms/direct.ts";

/** Whether what was said in a direct room may go on, as far as memory tells; false says nothing. */
export function isSurelyReachable(ctx: Context, actor: Actor, room: RoomEntry): boolean {
  const peerKey = peerKeyIn(room, actor.key);
  if (peerKey === undefined) return true;
  const peer = people(ctx).knownByKey(peerKey);
  const blocks = knownBlocks(ctx, actor.key);
  if (!peer || !blocks || peer.disabled || peer.deleted || peer.privacy.direct_messages === "friends") return false;
  return !blocks.blocked.has(peerKey) && !blocks.blockers.has(peerKey);
}

/** Whether the actor may write in a room, if it is a direct one. Throws as {@link demandReachable}. */
export async function demandPeer(ctx: Context, actor: Actor, room: RoomEntry): Promise<void> {
  const peerKey = peerKeyIn(room, actor.key);
  if (peerKey !== undefined) await demandReachable(ctx, actor, await people(ctx).byKey(peerKey));
}

/**
 * Whether the actor may write to somebody: every message asks, also in a conversation that has begun. Throws
 * `USER_NOT_FOUND` for who is gone or disabled, `BLOCKED` while one of the two has blocked the other, `FORBIDDEN` while the
 * other one takes messages of friends alone.
 */
export async function demandReachable(ctx: Context, actor: Actor, peer: Person | undefined): Promise<void> {
  if (!peer || peer.disabled || peer.deleted) throw new AppError("USER_NOT_FOUND");
  const { blocked, blockers } = await blocksOfOne(ctx, actor.key);
  if (blocked.has(peer.key) || blockers.has(peer.key)) throw new AppError("BLOCKED");
  const isForFriends = peer.privacy.direct_messages === "friends";
  if (isForFriends && !(await areFriends(ctx, actor.key, peer.key))) throw new AppError("FORBIDDEN");
}
