import type { JoinedRoom } from "../../protocol/models.ts";
import { folded } from "../accounts/names.ts";
import type { Actor, Context } from "../context.ts";
import { joinedState } from "../timeline/cursors.ts";
import { rooms, roomWithNumbers } from "./directory.ts";
import { memberRoom } from "./policy.ts";
import { joinedRows, type JoinedRow, type Slice } from "./list-store.ts";
import { wireRooms } from "./wire.ts";

/** All of one's rooms with the lobby, the one with the latest message first; as `ready` has them. */
export async function joinedRooms(ctx: Context, actor: Pick<Actor, "key">): Promise<JoinedRoom[]> {
  return withState(ctx, actor, await sortedRows(ctx, actor));
}

/** One of one's rooms; refuses as {@link memberRoom}. */
export async function joinedRoom(ctx: Context, actor: Actor, roomId: string): Promise<JoinedRoom> {
  const { room: entry, membership } = await memberRoom(ctx, actor, roomId);
  const room = await roomWithNumbers(ctx, entry.key);
  const [joined] = await withState(ctx, actor, [{ room, role: membership.role }]);
  if (!joined) throw new Error("a room was lost on its way to the wire");
  return joined;
}

/** One page of {@link joinedRooms}, of those whose name contains `search`. */
export async function joinedPage(
  ctx: Context,
  actor: Actor,
  search: string,
  { limit, offset }: Slice,
): Promise<{ rooms: JoinedRoom[]; total: number }> {
  const needle = folded(search);
  const found = (await sortedRows(ctx, actor)).filter(({ room }) => room.name_lower.includes(needle));
  return { rooms: await withState(ctx, actor, found.slice(offset, offset + limit)), total: found.length };
}

async function sortedRows(ctx: Context, { key }: Pick<Actor, "key">): Promise<JoinedRow[]> {
  const lobby = await rooms(ctx).lobby();
  const rows = await joinedRows(ctx, key, lobby.key);
  return rows.sort((a, b) => b.activeAtMs - a.activeAtMs || b.room.key - a.room.key);
}

async function withState(
  ctx: Context,
  actor: Pick<Actor, "key">,
  joined: readonly Pick<JoinedRow, "room" | "role">[],
): Promise<JoinedRoom[]> {
  const rows = joined.map(({ room }) => room);
  const state = await joinedState(ctx, actor.key, rows);
  const wire = await wireRooms(ctx, rows);
  return joined.flatMap(({ room: { key }, role }, index) => {
    const room = wire[index];
    const { last_message = null, read_seq = 0, unread_count = 0 } = state.get(key) ?? {};
    return room ? [{ ...room, last_message, read_seq, unread_count, mention_count: 0, my_role: role }] : [];
  });
}
