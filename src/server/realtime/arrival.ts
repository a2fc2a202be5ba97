import type { Presence } from "../../protocol/models.ts";
import { blocksOf, knownBlocks, type Blocks } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { Eyes } from "../presence/eyes.ts";
import type { PresentPerson } from "../presence/person.ts";
import { presence } from "../presence/presence.ts";
import { nearTo, type Near } from "../presence/near.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

/** What was read for a socket that opens: whom it will watch. */
export interface Surroundings {
  near: readonly Near[];
  blocks: Blocks | undefined;
}

/** Of these people, by key: a few queries however many they are. */
export async function surroundingsOf(ctx: Context, keys: readonly number[]): Promise<Map<number, Surroundings>> {
  const blocks = await blocksOf(ctx, keys);
  const near = Map.groupBy(await nearTo(ctx, keys), ({ of }) => of);
  return new Map(keys.map((key) => [key, { near: near.get(key) ?? [], blocks: blocks.get(key) }]));
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
  { near, blocks }: Surroundings,
): Presence[] {
  if (!hub.sessions.has(session)) return [];
  session.presence = "used";
  presence(ctx).came(person);
  if (near.length === 0) return [];
  const eyes = new Eyes(ctx, person.key, knownBlocks(ctx, person.key) ?? blocks);
  const seen = new Map<number, Presence>();
  for (const { person: other, roomId } of near) {
    if (roomId === null) hub.watchers.befriend(session, other.id);
    else hub.watchers.meet(session, roomId, other.id);
    seen.set(other.key, eyes.presence(other));
  }
  return [...seen.values()];
}

/** The socket is gone; who has signed out does not come back at once. */
export function depart(ctx: Context, session: Session): void {
  const { viewer } = session;
  if (!viewer || session.presence === "none") return;
  const wasIdle = session.presence === "idle";
  session.presence = "none";
  presence(ctx).went(viewer.key, { wasIdle, isFarewell: session.closeCode === 4001 });
}
