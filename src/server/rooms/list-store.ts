import { and, asc, count, eq, inArray, isNull, or, sql, type SQL } from "drizzle-orm";
import { folded } from "../accounts/names.ts";
import { perContext, type Context } from "../context.ts";
import type { Tables } from "../platform/db/database.ts";
import { asJson, jsonTexts, keysGiven } from "../platform/db/json-rows.ts";
import { contains, startsWith } from "../platform/db/like.ts";
import type { StoredMessage } from "../timeline/append.ts";
import type { RoomRow } from "./directory.ts";
import type { MemberRow } from "./store.ts";

/** The SQL of lists: of rooms, of one's own, of members. */

/** One page of a list. */
export interface Slice {
  limit: number;
  offset: number;
}

/** Enabled accounts: the members of the lobby. */
export function isEnabled({ users }: Tables): SQL | undefined {
  return and(isNull(users.disabled_at), isNull(users.deleted_at));
}

export async function countAccounts(ctx: Context): Promise<number> {
  const [row] = await ctx.db.read.select({ total: count() }).from(ctx.db.tables.users).where(isEnabled(ctx.db.tables));
  return row?.total ?? 0;
}

export async function accountMadeAt(ctx: Context, userKey: number): Promise<number> {
  const { users } = ctx.db.tables;
  const [row] = await ctx.db.read.select({ at: users.created_at }).from(users).where(eq(users.key, userKey));
  return row?.at ?? 0;
}

/** What a person is in a room, how far they have read there, and the `rev` that the room has. */
export interface StandingRow {
  userKey: number;
  roomKey: number;
  rev: number;
  role: MemberRow["role"];
  readSeq: number;
  deliveredSeq: number;
  notifyLevel: MemberRow["notify_level"];
  mutedUntil: number | null;
  /** What came up to here is not shown any more. */
  clearedSeq: number;
}

/** The rooms that these people are in. In the lobby a row is there only once something had to be remembered. */
export async function standingRows(ctx: Context, userKeys: readonly number[]): Promise<StandingRow[]> {
  const { query, rowsIn } = standingQuery(ctx);
  return rowsIn(await query.execute({ keys: JSON.stringify(userKeys) }));
}

const standingQuery = perContext(({ db }) => {
  const { rooms, members } = db.tables;
  const { cell, rowsIn } = asJson(db, {
    userKey: members.user_key,
    roomKey: members.room_key,
    rev: rooms.rev,
    role: members.role,
    readSeq: members.read_seq,
    deliveredSeq: members.delivered_seq,
    notifyLevel: members.notify_level,
    mutedUntil: members.muted_until,
    clearedSeq: members.cleared_seq,
  });
  const query = db.read
    .select({ cell })
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .where(and(inArray(members.user_key, keysGiven(db)), eq(members.is_active, true), isNull(rooms.deleted_at)))
    .prepare();
  return { query, rowsIn };
});

/** The ids of the rooms that these people are in. */
export async function roomsOfEach(
  ctx: Context,
  userKeys: readonly number[],
): Promise<{ userKey: number; roomId: string }[]> {
  const { rooms, members } = ctx.db.tables;
  return ctx.db.read
    .select({ userKey: members.user_key, roomId: rooms.id })
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .where(and(inArray(members.user_key, [...userKeys]), eq(members.is_active, true), isNull(rooms.deleted_at)));
}

/** The `rev` of a room. */
export async function revOf(ctx: Context, roomKey: number): Promise<number> {
  const { rooms } = ctx.db.tables;
  const [row] = await ctx.db.read.select({ rev: rooms.rev }).from(rooms).where(eq(rooms.key, roomKey));
  return row?.rev ?? 0;
}

/** A room and its last message, as they are at one moment. */
export interface RoomWithLast {
  room: RoomRow;
  last: StoredMessage | null;
}

/** Those of the rooms that exist. */
export async function roomsWithLast(ctx: Context, keys: readonly number[]): Promise<RoomWithLast[]> {
  const { rooms, messages } = ctx.db.tables;
  return ctx.db.read
    .select({ room: rooms, last: messages })
    .from(rooms)
    .leftJoin(messages, and(eq(messages.room_key, rooms.key), eq(messages.seq, rooms.last_seq)))
    .where(and(inArray(rooms.key, [...keys]), isNull(rooms.deleted_at)));
}

/** Rooms of one kind by name, those whose name begins with `search` first; of private ones those that `userKey` is in. */
export async function roomsByName(
  ctx: Context,
  of: { type: "public" } | { type: "private"; userKey: number },
  search: string,
  { limit, offset }: Slice,
): Promise<{ rows: RoomRow[]; total: number }> {
  const { rooms, members } = ctx.db.tables;
  const mine =
    of.type === "public"
      ? undefined
      : inArray(
          rooms.key,
          ctx.db.read
            .select({ key: members.room_key })
            .from(members)
            .where(and(eq(members.user_key, of.userKey), eq(members.is_active, true))),
        );
  const needle = folded(search);
  const wanted = and(
    eq(rooms.type, of.type),
    isNull(rooms.deleted_at),
    mine,
    needle === "" ? undefined : contains(rooms.name_lower, needle),
  );
  const best = needle === "" ? [] : [sql`CASE WHEN ${startsWith(rooms.name_lower, needle)} THEN 0 ELSE 1 END`];
  const rows = await ctx.db.read
    .select()
    .from(rooms)
    .where(wanted)
    .orderBy(...best, asc(rooms.name_lower), asc(rooms.key))
    .limit(limit)
    .offset(offset);
  const [counted] = await ctx.db.read.select({ total: count() }).from(rooms).where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** What a list of members shows of each. */
export type ListedMember = Pick<
  Tables["users"]["$inferSelect"],
  "key" | "id" | "username" | "display_name" | "avatar_url"
> &
  Pick<MemberRow, "role" | "joined_at" | "muted_until">;

/** Members by rank and name, or in the lobby all enabled accounts by name. */
export async function membersByName(
  ctx: Context,
  room: { key: number; is_lobby: boolean },
  search: string,
  { limit, offset }: Slice,
): Promise<{ rows: ListedMember[]; total: number | undefined }> {
  const { members, users } = ctx.db.tables;
  const needle = folded(search);
  const named =
    needle === "" ? undefined : or(contains(users.username_lower, needle), contains(users.display_name_lower, needle));
  const person = {
    key: users.key,
    id: users.id,
    username: users.username,
    display_name: users.display_name,
    avatar_url: users.avatar_url,
  };
  if (room.is_lobby) {
    const wanted = and(isEnabled(ctx.db.tables), named);
    const rows = await ctx.db.read
      .select({ ...person, joined_at: users.created_at, muted_until: members.muted_until })
      .from(users)
      .leftJoin(members, and(eq(members.room_key, room.key), eq(members.user_key, users.key)))
      .where(wanted)
      .orderBy(asc(users.display_name_lower), asc(users.key))
      .limit(limit)
      .offset(offset);
    const [counted] = named ? await ctx.db.read.select({ total: count() }).from(users).where(wanted) : [];
    return {
      rows: rows.map((row) => ({ ...row, role: "member" as const })),
      total: counted?.total,
    };
  }
  const wanted = and(eq(members.room_key, room.key), eq(members.is_active, true), named);
  const rank = sql`CASE ${members.role} WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END`;
  const rows = await ctx.db.read
    .select({ ...person, role: members.role, joined_at: members.joined_at, muted_until: members.muted_until })
    .from(members)
    .innerJoin(users, eq(users.key, members.user_key))
    .where(wanted)
    .orderBy(rank, asc(users.display_name_lower), asc(users.key))
    .limit(limit)
    .offset(offset);
  const [counted] = await ctx.db.read
    .select({ total: count() })
    .from(members)
    .innerJoin(users, eq(users.key, members.user_key))
    .where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** Everybody in a room other than the lobby. */
export async function memberKeys(ctx: Context, roomKey: number): Promise<number[]> {
  const { members } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ key: members.user_key })
    .from(members)
    .where(and(eq(members.room_key, roomKey), eq(members.is_active, true)));
  return rows.map(({ key }) => key);
}

/** A member's name, folded, and whose it is. */
interface NamedMember {
  id: string;
  name: string;
}

/** Members, or in the lobby accounts, whose user name is one of `names`. */
export function membersByUsername(
  ctx: Context,
  room: { key: number; is_lobby: boolean },
  names: readonly string[],
): Promise<NamedMember[]> {
  const { users } = ctx.db.tables;
  const wanted = and(inArray(users.username_lower, jsonTexts(ctx.db, names)), isEnabled(ctx.db.tables));
  const rows = ctx.db.read.select({ id: users.id, name: users.username_lower }).from(users);
  return room.is_lobby ? rows.where(wanted) : rows.innerJoin(...inRoom(ctx, room.key)).where(wanted);
}

/** {@link membersByUsername} by display names, of those that only one of them has. */
export function membersByDisplayName(
  ctx: Context,
  room: { key: number; is_lobby: boolean },
  names: readonly string[],
): Promise<NamedMember[]> {
  const { users } = ctx.db.tables;
  const wanted = and(inArray(users.display_name_lower, jsonTexts(ctx.db, names)), isEnabled(ctx.db.tables));
  const rows = ctx.db.read.select({ id: sql<string>`min(${users.id})`, name: users.display_name_lower }).from(users);
  const named = room.is_lobby ? rows.where(wanted) : rows.innerJoin(...inRoom(ctx, room.key)).where(wanted);
  return named.groupBy(users.display_name_lower).having(sql`count(*) = 1`);
}

function inRoom(ctx: Context, roomKey: number) {
  const { members, users } = ctx.db.tables;
  const isMember = and(eq(members.room_key, roomKey), eq(members.user_key, users.key), eq(members.is_active, true));
  return [members, isMember] as const;
}
