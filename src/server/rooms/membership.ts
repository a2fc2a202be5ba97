import type { RoomRole } from "../../protocol/models.ts";
import { perContext, type Context } from "../context.ts";
import { Cache } from "../platform/cache/cache.ts";
import type { RoomEntry } from "./directory.ts";
import { activeBan, banTimes, mutedMembers } from "./moderation-store.ts";
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
  /** Milliseconds, `Infinity` for good; absent when not banned. */
  bannedUntil: number | null;
}

const rememberedMax = 100_000;
const cacheName = "memberships";
const nameOf = (roomKey: number, userKey: number) => `${roomKey}:${userKey}`;

const memberships = perContext((ctx) => {
  const cache = new Cache<Remembered>(rememberedMax, async (name) => {
    const [roomKey = 0, userKey = 0] = name.split(":").map(Number);
    const row = await findMember(ctx, ctx.db.read, roomKey, userKey);
    if (row?.is_active) return { membership: { role: row.role, muted_until: row.muted_until }, bannedUntil: null };
    const ban = await activeBan(ctx, ctx.db.read, roomKey, userKey);
    return { membership: undefined, bannedUntil: ban ? (ban.until ?? Infinity) : null };
  });
  ctx.caches.register(cacheName, (name) => cache.drop(name), { clear: () => cache.clear(), holdsRights: true });
  return cache;
});

/** In the lobby everybody is a member without a row; its moderators act by their system role. */
const inLobby: Remembered = { membership: { role: "member", muted_until: null }, bannedUntil: null };

/** Of the lobby only those are remembered, all together, who are muted there or banned: every message asks. */
const lobbyCacheName = "lobby-exceptions";

const lobbyExceptions = perContext((ctx) => {
  const cache = new Cache<Map<number, Remembered>>(1, async (key) => {
    const roomKey = Number(key);
    const found = new Map<number, Remembered>();
    for (const { userKey, mutedUntil } of await mutedMembers(ctx, roomKey)) {
      found.set(userKey, { membership: { role: "member", muted_until: mutedUntil }, bannedUntil: null });
    }
    for (const { userKey, until } of await banTimes(ctx, roomKey)) {
      const { membership } = found.get(userKey) ?? inLobby;
      found.set(userKey, { membership, bannedUntil: until ?? Infinity });
    }
    return found;
  });
  ctx.caches.register(lobbyCacheName, (key) => cache.drop(key), { clear: () => cache.clear(), holdsRights: true });
  return cache;
});

/** {@link membership} if it is remembered and no ban has to be asked for; `undefined` says nothing. */
export function knownMembership(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  userKey: number,
): Membership | undefined {
  if (!room.is_lobby) return memberships(ctx).peek(nameOf(room.key, userKey))?.membership;
  const exceptions = lobbyExceptions(ctx).peek(`${room.key}`);
  if (!exceptions) return undefined;
  const known = exceptions.size === 0 ? inLobby : (exceptions.get(userKey) ?? inLobby);
  return known.bannedUntil === null ? known.membership : undefined;
}

/** What the person is in the room; `undefined`: not a member. Usually from memory. */
export async function membership(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  userKey: number,
): Promise<Membership | undefined> {
  return (await remembered(ctx, room, userKey)).membership;
}

/** Whether the person is banned from the room now. */
export async function isBannedFrom(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  userKey: number,
): Promise<boolean> {
  const { bannedUntil } = await remembered(ctx, room, userKey);
  return bannedUntil !== null && bannedUntil > ctx.clock.now();
}

async function remembered(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  userKey: number,
): Promise<Remembered> {
  if (room.is_lobby) return (await lobbyExceptions(ctx).get(`${room.key}`))?.get(userKey) ?? inLobby;
  const nobody = { membership: undefined, bannedUntil: null };
  return (await memberships(ctx).get(nameOf(room.key, userKey))) ?? nobody;
}

/** Rooms whose people are remembered: as many keys as a room may have members, each. */
const listedMax = 500;
const listCacheName = "member-keys";

const memberLists = perContext((ctx) => {
  const cache = new Cache<readonly number[]>(listedMax, (key) => activeMemberKeys(ctx, ctx.db.read, Number(key)));
  ctx.caches.register(listCacheName, (key) => cache.drop(key), { clear: () => cache.clear(), holdsRights: true });
  return cache;
});

/** The keys of a room's members, usually from memory. Not of the lobby, which has no list. */
export async function memberKeys(ctx: Context, { key }: Pick<RoomEntry, "key">): Promise<readonly number[]> {
  return (await memberLists(ctx).get(`${key}`)) ?? [];
}

/** Forgets who is muted in the lobby or banned from it, on every node. Call it right after the commit that changed it. */
export function forgetLobbyExceptions(ctx: Context, lobby: Pick<RoomEntry, "key">): void {
  ctx.publish.invalidate(lobbyCacheName, `${lobby.key}`);
}

/** Forgets what people are in a room, on every node. Call it right after the commit that changed it. */
export function forgetMemberships(ctx: Context, roomKey: number, userKeys: readonly number[]): void {
  ctx.publish.invalidate(listCacheName, `${roomKey}`);
  for (const userKey of userKeys) ctx.publish.invalidate(cacheName, nameOf(roomKey, userKey));
}
