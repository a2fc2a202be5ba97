import type { NotifyLevel, RoomRole } from "../../protocol/models.ts";
import { perContext, type Context } from "../context.ts";
import { Gathered } from "../platform/cache/gathered.ts";
import { pendingCursor } from "../timeline/cursors.ts";
import { lobbyPositions } from "../timeline/positions.ts";
import { rooms } from "./directory.ts";
import { revOf, roomsOfEach, standingRows } from "./list-store.ts";

/** What a person is in a room, how far they have read there, and the `rev` that the room has. */
export interface Standing {
  userKey: number;
  roomKey: number;
  rev: number;
  role: RoomRole;
  readSeq: number;
  deliveredSeq: number;
  notifyLevel: NotifyLevel;
  mutedUntil: number | null;
  /** What came up to here is not shown any more. */
  clearedSeq: number;
}

/** Where these people stand in all their rooms, in the lobby too: there everybody is a member, also without a row. */
export async function standings(ctx: Context, userKeys: readonly number[]): Promise<Standing[]> {
  const lobby = await rooms(ctx).lobby();
  const rows = await standingRows(ctx, userKeys);
  const rev = await revOf(ctx, lobby.key);
  const inLobby = new Set(rows.filter(({ roomKey }) => roomKey === lobby.key).map(({ userKey }) => userKey));
  const newcomers = userKeys.filter((key) => !inLobby.has(key));
  for (const [userKey, readSeq] of await lobbyPositions(ctx, newcomers)) {
    const fresh = { deliveredSeq: 0, notifyLevel: "all", mutedUntil: null, clearedSeq: 0 } as const;
    rows.push({ userKey, roomKey: lobby.key, rev, role: "member", readSeq, ...fresh });
  }
  // In place: of ten thousand who come at once these are sixty thousand.
  for (const row of rows) {
    const pending = pendingCursor(ctx, row.roomKey, row.userKey);
    row.readSeq = Math.max(row.readSeq, pending?.readSeq ?? 0);
    row.deliveredSeq = Math.max(row.readSeq, row.deliveredSeq, pending?.deliveredSeq ?? 0);
  }
  return rows;
}

/** The ids of the rooms that each of these people is in, the lobby among them. */
export async function roomIdsOf(ctx: Context, userKeys: readonly number[]): Promise<Map<number, Set<string>>> {
  const lobby = await rooms(ctx).lobby();
  const found = new Map(userKeys.map((key) => [key, new Set([lobby.id])]));
  for (const { userKey, roomId } of await roomsOfEach(ctx, userKeys)) found.get(userKey)?.add(roomId);
  return found;
}

const gathered = perContext(
  (ctx) =>
    new Gathered<number, Map<number, Standing>>(async (userKeys) => {
      const own = new Map(userKeys.map((key) => [key, new Map<number, Standing>()]));
      for (const standing of await standings(ctx, userKeys)) own.get(standing.userKey)?.set(standing.roomKey, standing);
      return own;
    }),
);

/** Where one person stands, by room; asked for by many at once it costs one query for fifty. */
export async function standingsOf(ctx: Context, userKey: number): Promise<ReadonlyMap<number, Standing>> {
  return (await gathered(ctx).get(userKey)) ?? new Map();
}
