import type { Presence } from "../../protocol/models.ts";
import { knownBlocks, type Blocks } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { Eyes } from "../presence/eyes.ts";
import type { PresentPerson } from "../presence/person.ts";
import { presence } from "../presence/presence.ts";
import { sightedByKey } from "../presence/sighted.ts";
import type { JoinedText } from "../rooms/joined.ts";
import { hurryCursors } from "../timeline/cursors.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

/** Of whom a socket hears without asking: friends, and in direct rooms the other one. */
export interface Near {
  friends: readonly PresentPerson[];
  partners: readonly { roomId: string; person: PresentPerson }[];
  /** The person's blocks, where none are remembered by then. */
  blocks: Blocks | undefined;
}

/** The others in these direct rooms, by key; a query for all of them. */
export async function partnersIn(ctx: Context, rooms: readonly JoinedText[]): Promise<Map<number, PresentPerson>> {
  return sightedByKey(ctx, [...new Set(rooms.flatMap(({ peerKey }) => peerKey ?? []))]);
}

/**
 * A socket has come: its person is present, and from now on it hears of those near them. Gives how these are at this
 * moment. Inside a step of the output, so that what changes afterwards comes after what is told now.
 */
export function arrive(
  ctx: Context,
  hub: Hub,
  session: Session,
  person: PresentPerson,
  { friends, partners, blocks }: Near,
): Presence[] {
  if (!hub.sessions.has(session)) return [];
  if (session.presence !== "none") forgetOthers(hub, session, friends);
  else {
    session.presence = "used";
    // With the id that the session has, not another copy of it: this one is kept for as long.
    session.cameAt = presence(ctx).came({ ...person, id: session.viewer?.id ?? person.id });
  }
  if (friends.length + partners.length === 0) return [];
  for (const { id } of friends) hub.watchers.befriend(session, id);
  for (const { roomId, person: partner } of partners) hub.watchers.meet(session, roomId, partner.id);
  const eyes = new Eyes(ctx, person.key, knownBlocks(ctx, person.key) ?? blocks);
  const seen = new Map<number, Presence>();
  for (const other of [...friends, ...partners.map((each) => each.person)]) seen.set(other.key, eyes.presence(other));
  return [...seen.values()];
}

/** The socket is told of its friends once more: of those who are none any more it hears nothing from now on. */
function forgetOthers(hub: Hub, session: Session, friends: readonly PresentPerson[]): void {
  const ids = new Set(friends.map(({ id }) => id));
  const before = new Set(hub.watchers.friendsOf(session));
  for (const id of before.difference(ids)) hub.watchers.unfriend(session, id);
}

/** Inside a step of the output: a member's socket leaves the rooms that are not among these. */
export function leaveOthers(hub: Hub, session: Session, rooms: ReadonlyMap<string, unknown>): void {
  for (const roomId of session.rooms.keys()) {
    if (!rooms.has(roomId) && !session.isWatching(roomId)) leave(hub, session, roomId);
  }
}

/** Inside a step of the output: a person is in a room no more. */
export function leave(hub: Hub, session: Session, roomId: string): void {
  hub.leave(session, roomId);
  hub.watchers.part(session, roomId);
}

/** The socket is gone; who has signed out does not come back at once. */
export function depart(ctx: Context, session: Session): void {
  const { viewer } = session;
  if (!viewer || session.presence === "none") return;
  const wasIdle = session.presence === "idle";
  session.presence = "none";
  hurryCursors(ctx, viewer.key);
  const { cameAt } = session;
  presence(ctx).went(viewer.key, { wasIdle, isFarewell: session.closeCode === 4001, cameAt });
}
