import type { RoomRole } from "../../protocol/models.ts";
import { perContext, type Context } from "../context.ts";
import { Cache } from "../platform/cache/cache.ts";
import type { RoomEntry } from "./directory.ts";
import { activeMemberKeys, findMember } from "./store.ts";

/** What a person is in a room. */
export interface Membership {
  role: RoomRole;
  /** Milliseconds; absent when not muted. */
  muted_until: number | null;
}

/** That somebody is no member is remembered too: people look at public rooms far oftener than they join them. */
interface Remembered {
  membership: Membership | undefined;
}

const rememberedMax = 100_000;
const cacheName = "memberships";
const nameOf = (roomKey: number, userKey: number) => `${roomKey}:${userKey}`;

/** In the lobby everybody is a member without a row; its moderators act by their system role. */
const inLobby: Membership = { role: "member", muted_until: null };

const memberships = perContext((ctx) => {
  const cache = new Cache<Remembered>(rememberedMax, async (name) => {
    const [roomKey = 0, userKey = 0] = name.split(":").map(Number);
    const row = await findMember(ctx, ctx.db.read, roomKey, userKey);
    return { membership: row?.is_active ? { role: row.role, muted_until: row.muted_until } : undefined };
  });
  ctx.caches.register(cacheName, (name) => cache.drop(name));
  return cache;
});

/** {@link membership} if it is remembered; `undefined` says nothing. */
export function knownMembership(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  userKey: number,
): Membership | undefined {
  return room.is_lobby ? inLobby : memberships(ctx).peek(nameOf(room.key, userKey))?.membership;
}

/** What the person is in the room; `undefined`: not a member. Usually from memory. */
export async function membership(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  userKey: number,
): Promise<Membership | undefined> {
  if (room.is_lobby) return inLobby;
  return (await memberships(ctx).get(nameOf(room.key, userKey)))?.membership;
}

/** Rooms whose people are remembered: as many keys as a room may have members, each. */
const listedMax = 500;
const listCacheName = "member-keys";

const memberLists = perContext((ctx) => {
  const cache = new Cache<readonly number[]>(listedMax, (key) => activeMemberKeys(ctx, ctx.db.read, Number(key)));
  ctx.caches.register(listCacheName, (key) => cache.drop(key));
  return cache;
});

/** The keys of a room's members, usually from memory. Not of the lobby, which has no list. */
export async function memberKeys(ctx: Context, { key }: Pick<RoomEntry, "key">): Promise<readonly number[]> {
  return (await memberLists(ctx).get(`${key}`)) ?? [];
}

/** Forgets what people are in a room, on every node. Call it right after the commit that changed it. */
export function forgetMemberships(ctx: Context, roomKey: number, userKeys: readonly number[]): void {
  ctx.publish.invalidate(listCacheName, `${roomKey}`);
  for (const userKey of userKeys) ctx.publish.invalidate(cacheName, nameOf(roomKey, userKey));
}
