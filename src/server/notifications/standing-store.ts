import { and, eq, sql } from "drizzle-orm";
import type { NotifyLevel } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import { jsonRows } from "../platform/db/json-rows.ts";

/** Somebody in a room. */
export interface Place {
  roomKey: number;
  userKey: number;
}

/** What of a room a member wants to be told, and how far they have read in it. */
export interface Reader {
  isActive: boolean;
  level: NotifyLevel;
  readSeq: number;
}

export const placeName = ({ roomKey, userKey }: Place) => `${roomKey} ${userKey}`;

/** The members among these, by {@link placeName}. In the lobby a row is there only once something had to be remembered. */
export async function readers(ctx: Context, places: readonly Place[]): Promise<Map<string, Reader>> {
  const { members } = ctx.db.tables;
  const wanted = jsonRows(
    ctx.db,
    ["room_key", "user_key"],
    places.map(({ roomKey, userKey }) => ({ room_key: roomKey, user_key: userKey })),
  );
  const rows = await ctx.db.read
    .select({
      roomKey: members.room_key,
      userKey: members.user_key,
      isActive: members.is_active,
      level: members.notify_level,
      readSeq: members.read_seq,
    })
    .from(wanted)
    .innerJoin(
      members,
      and(sql`${members.room_key} = json_rows.room_key`, sql`${members.user_key} = json_rows.user_key`),
    );
  return new Map(
    rows.map(({ isActive, level, readSeq, ...place }) => [placeName(place), { isActive, level, readSeq }]),
  );
}

/** The members of a room, or nobody where there are more than `most`. */
export async function everybodyIn(ctx: Context, roomKey: number, most: number): Promise<number[]> {
  const { members } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ key: members.user_key })
    .from(members)
    .where(and(eq(members.room_key, roomKey), eq(members.is_active, true)))
    .limit(most + 1);
  return rows.length > most ? [] : rows.map(({ key }) => key);
}
