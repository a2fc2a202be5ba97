import type { JoinedRoom, RoomRole } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { joinedState } from "../timeline/cursors.ts";
import { rooms } from "./directory.ts";
import { memberRoom } from "./policy.ts";
import { joinedKeys, roomsByKeys, searchable, type JoinedKey, type Slice } from "./store.ts";
import { wireRooms } from "./wire.ts";

/** All of one's rooms with the lobby, the one with the latest message first; as `ready` has them. */
export async function joinedRooms(ctx: Context, actor: Pick<Actor, "key">): Promise<JoinedRoom[]> {
  return withState(ctx, actor, await sortedKeys(ctx, actor.key));
}

/** One of one's rooms; refuses as {@link memberRoom}. */
export async function joinedRoom(ctx: Context, actor: Actor, roomId: string): Promise<JoinedRoom> {
  const { room, membership } = await memberRoom(ctx, actor, roomId);
  const [joined] = await withState(ctx, actor, [{ key: room.key, role: membership.role }]);
  if (!joined) throw new AppError("ROOM_NOT_FOUND");
  return joined;
}

/** One page of {@link joinedRooms}, of those whose name contains `search`. */
export async function joinedPage(
  ctx: Context,
  actor: Actor,
  search: string,
  { limit, offset }: Slice,
): Promise<{ rooms: JoinedRoom[]; total: number }> {
  const needle = searchable(search);
  const keys = (await sortedKeys(ctx, actor.key)).filter(({ name_lower }) => name_lower.includes(needle));
  return { rooms: await withState(ctx, actor, keys.slice(offset, offset + limit)), total: keys.length };
}

async function sortedKeys(ctx: Context, userKey: number): Promise<JoinedKey[]> {
  const lobby = await rooms(ctx).lobby();
  const keys = await joinedKeys(ctx, userKey, lobby.key);
  return keys.sort((a, b) => b.active_at - a.active_at || b.key - a.key);
}

async function withState(
  ctx: Context,
  actor: Pick<Actor, "key">,
  keys: readonly { key: number; role: RoomRole }[],
): Promise<JoinedRoom[]> {
  const found = await roomsByKeys(
    ctx,
    keys.map(({ key }) => key),
  );
  const rows = keys.flatMap(({ key }) => found.get(key) ?? []);
  const state = await joinedState(ctx, actor.key, rows);
  const roles = new Map(keys.map(({ key, role }) => [key, role]));
  return (await wireRooms(ctx, rows)).map((room, index) => {
    const key = rows[index]?.key ?? 0;
    const { last_message = null, read_seq = 0, unread_count = 0 } = state.get(key) ?? {};
    return { ...room, last_message, read_seq, unread_count, mention_count: 0, my_role: roles.get(key) ?? "member" };
  });
}
