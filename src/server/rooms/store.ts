import { and, asc, count, eq, inArray, isNotNull, isNull, lt, or, sql, type SQL } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";
import { contains, startsWith } from "../platform/db/like.ts";
import type { RoomRow } from "./directory.ts";

/** A row of `members`; of who left it stays with `is_active` false. */
export type MemberRow = Tables["members"]["$inferSelect"];

/** One page of a list. */
export interface Slice {
  limit: number;
  offset: number;
}

/** Parameters of one statement stay far below what either database takes. */
const keysPerQuery = 500;

/** How names are compared in lists and searches. */
export function searchable(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

export async function findRoom(ctx: Context, id: string): Promise<RoomRow | undefined> {
  const { rooms } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select()
    .from(rooms)
    .where(and(eq(rooms.id, id), isNull(rooms.deleted_at)));
  return row;
}

/** The room as it is at this moment of a transaction, or of reading. */
export async function roomByKey(ctx: Context, queries: Queries, key: number): Promise<RoomRow | undefined> {
  const { rooms } = ctx.db.tables;
  const [row] = await queries
    .select()
    .from(rooms)
    .where(and(eq(rooms.key, key), isNull(rooms.deleted_at)));
  return row;
}

export async function roomsByKeys(ctx: Context, keys: readonly number[]): Promise<Map<number, RoomRow>> {
  const { rooms } = ctx.db.tables;
  const found = new Map<number, RoomRow>();
  for (let at = 0; at < keys.length; at += keysPerQuery) {
    const rows = await ctx.db.read
      .select()
      .from(rooms)
      .where(and(inArray(rooms.key, keys.slice(at, at + keysPerQuery)), isNull(rooms.deleted_at)));
    for (const row of rows) found.set(row.key, row);
  }
  return found;
}

export async function idOfRoom(ctx: Context, key: number): Promise<string | undefined> {
  const { rooms } = ctx.db.tables;
  const [row] = await ctx.db.read.select({ id: rooms.id }).from(rooms).where(eq(rooms.key, key));
  return row?.id;
}

export async function findLobby(
  ctx: Context,
  queries: Queries = ctx.db.read,
): Promise<Pick<RoomRow, "key" | "id"> | undefined> {
  const { rooms } = ctx.db.tables;
  const [row] = await queries
    .select({ key: rooms.key, id: rooms.id })
    .from(rooms)
    .where(and(eq(rooms.type, "public"), eq(rooms.is_lobby, true)))
    .orderBy(asc(rooms.key))
    .limit(1);
  return row;
}

export async function insertRoom(
  ctx: Context,
  tx: Queries,
  values: Pick<RoomRow, "type" | "name" | "description" | "max_members"> &
    Partial<Pick<RoomRow, "is_lobby" | "owner_key" | "created_by_key">>,
): Promise<RoomRow> {
  const [row] = await tx
    .insert(ctx.db.tables.rooms)
    .values({
      is_lobby: false,
      ...values,
      id: Bun.randomUUIDv7(),
      name_lower: searchable(values.name),
      slow_mode_s: 0,
      member_count: 0,
      last_seq: 0,
      rev: 0,
      settings_rev: 0,
      created_at: ctx.clock.now(),
    })
    .returning();
  if (!row) throw new Error("the database gave no row for a new room");
  return row;
}

/** Changes columns of a room and gives the row as it is then. */
export async function updateRoomRow(
  ctx: Context,
  tx: Queries,
  key: number,
  values: Partial<Omit<RoomRow, "key" | "id">>,
  membersMore = 0,
): Promise<RoomRow> {
  const { rooms } = ctx.db.tables;
  const [row] = await tx
    .update(rooms)
    .set({ ...values, member_count: sql`${rooms.member_count} + ${membersMore}` })
    .where(eq(rooms.key, key))
    .returning();
  if (!row) throw new Error("a room vanished under its lock");
  return row;
}

/** The membership, also a former one. */
export async function findMember(
  ctx: Context,
  queries: Queries,
  roomKey: number,
  userKey: number,
): Promise<MemberRow | undefined> {
  const { members } = ctx.db.tables;
  const [row] = await queries
    .select()
    .from(members)
    .where(and(eq(members.room_key, roomKey), eq(members.user_key, userKey)));
  return row;
}

export async function activeMemberKeys(
  ctx: Context,
  queries: Queries,
  roomKey: number,
  among?: readonly number[],
): Promise<number[]> {
  const { members } = ctx.db.tables;
  const isAmong = among && inArray(members.user_key, [...among]);
  const rows = await queries
    .select({ key: members.user_key })
    .from(members)
    .where(and(eq(members.room_key, roomKey), eq(members.is_active, true), isAmong));
  return rows.map(({ key }) => key);
}

/** Makes people members; who was one before comes back with a new role and date, and stays muted. */
export async function upsertMembers(
  ctx: Context,
  tx: Queries,
  rows: readonly Pick<MemberRow, "room_key" | "user_key" | "role" | "read_seq" | "rev" | "joined_at">[],
): Promise<MemberRow[]> {
  const { members } = ctx.db.tables;
  return tx
    .insert(members)
    .values(rows.map((row) => ({ ...row, is_active: true, delivered_seq: row.read_seq })))
    .onConflictDoUpdate({
      target: [members.room_key, members.user_key],
      set: {
        role: sql`excluded.role`,
        is_active: true,
        read_seq: sql`excluded.read_seq`,
        delivered_seq: sql`excluded.delivered_seq`,
        rev: sql`excluded.rev`,
        joined_at: sql`excluded.joined_at`,
      },
    })
    .returning();
}

export async function updateMemberRow(
  ctx: Context,
  tx: Queries,
  { room_key, user_key }: Pick<MemberRow, "room_key" | "user_key">,
  values: Partial<Pick<MemberRow, "role" | "is_active">> & Pick<MemberRow, "rev">,
): Promise<MemberRow> {
  const { members } = ctx.db.tables;
  const [row] = await tx
    .update(members)
    .set(values)
    .where(and(eq(members.room_key, room_key), eq(members.user_key, user_key)))
    .returning();
  if (!row) throw new Error("a member vanished under the room's lock");
  return row;
}

export async function deactivateMembers(ctx: Context, tx: Queries, roomKey: number, rev: number): Promise<void> {
  const { members } = ctx.db.tables;
  await tx
    .update(members)
    .set({ is_active: false, rev })
    .where(and(eq(members.room_key, roomKey), eq(members.is_active, true)));
}

/** Memberships that changed after `sinceRev`, oldest change first; those with `is_active` false have ended. */
export async function changedMembers(
  ctx: Context,
  roomKey: number,
  sinceRev: number,
  limit: number,
): Promise<MemberRow[]> {
  const { members } = ctx.db.tables;
  return ctx.db.read
    .select()
    .from(members)
    .where(and(eq(members.room_key, roomKey), sql`${members.rev} > ${sinceRev}`))
    .orderBy(asc(members.rev), asc(members.user_key))
    .limit(limit);
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

/** What a list of one's rooms is sorted by. */
export interface JoinedKey {
  key: number;
  role: MemberRow["role"];
  name_lower: string;
  /** When the last message came, or the room was made. */
  active_at: number;
}

/** All rooms that a person is in, with the lobby. */
export async function joinedKeys(ctx: Context, userKey: number, lobbyKey: number): Promise<JoinedKey[]> {
  const { rooms, members, messages } = ctx.db.tables;
  const listed = {
    key: rooms.key,
    name_lower: rooms.name_lower,
    active_at: sql`coalesce(${messages.created_at}, ${rooms.created_at})`.mapWith(Number),
  };
  const isLast = and(eq(messages.room_key, rooms.key), eq(messages.seq, rooms.last_seq));
  const rows = await ctx.db.read
    .select({ ...listed, role: members.role })
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .leftJoin(messages, isLast)
    .where(
      and(
        eq(members.user_key, userKey),
        eq(members.is_active, true),
        isNull(rooms.deleted_at),
        // In the lobby a row is there only once something had to be remembered.
        eq(rooms.is_lobby, false),
      ),
    );
  const lobby = await ctx.db.read.select(listed).from(rooms).leftJoin(messages, isLast).where(eq(rooms.key, lobbyKey));
  return [...rows, ...lobby.map((row) => ({ ...row, role: "member" as const }))];
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
  const needle = searchable(search);
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
export type ListedMember = Pick<Tables["users"]["$inferSelect"], "id" | "username" | "display_name" | "avatar_url"> &
  Pick<MemberRow, "role" | "joined_at" | "muted_until">;

/** Members by rank and name, or in the lobby all enabled accounts by name. */
export async function membersByName(
  ctx: Context,
  room: { key: number; is_lobby: boolean },
  search: string,
  { limit, offset }: Slice,
): Promise<{ rows: ListedMember[]; total: number | undefined }> {
  const { members, users } = ctx.db.tables;
  const needle = searchable(search);
  const named =
    needle === "" ? undefined : or(contains(users.username_lower, needle), contains(users.display_name_lower, needle));
  const person = {
    id: users.id,
    username: users.username,
    display_name: users.display_name,
    avatar_url: users.avatar_url,
  };
  if (room.is_lobby) {
    const wanted = and(isEnabled(ctx.db.tables), named);
    const rows = await ctx.db.read
      .select({ ...person, joined_at: users.created_at })
      .from(users)
      .where(wanted)
      .orderBy(asc(users.display_name_lower), asc(users.key))
      .limit(limit)
      .offset(offset);
    const [counted] = named ? await ctx.db.read.select({ total: count() }).from(users).where(wanted) : [];
    return {
      rows: rows.map((row) => ({ ...row, role: "member" as const, muted_until: null })),
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

/** The last message of a room inside a transaction. */
export async function lastMessageRow(ctx: Context, tx: Queries, room: Pick<RoomRow, "key" | "last_seq">) {
  const { messages } = ctx.db.tables;
  const [row] = await tx
    .select()
    .from(messages)
    .where(and(eq(messages.room_key, room.key), eq(messages.seq, room.last_seq)));
  return row;
}

/** A room deleted before `before`, of which something is left. */
export async function deletedRoomKey(ctx: Context, before: number): Promise<number | undefined> {
  const { rooms } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ key: rooms.key })
    .from(rooms)
    .where(and(isNotNull(rooms.deleted_at), lt(rooms.deleted_at, before)))
    .limit(1);
  return row?.key;
}

/** Deletes up to `most` messages of a room; gives how many. */
export async function deleteMessages(ctx: Context, tx: Queries, roomKey: number, most: number): Promise<number> {
  const { messages } = ctx.db.tables;
  const oldest = tx
    .select({ key: messages.key })
    .from(messages)
    .where(eq(messages.room_key, roomKey))
    .orderBy(asc(messages.seq))
    .limit(most);
  const gone = await tx.delete(messages).where(inArray(messages.key, oldest)).returning({ key: messages.key });
  return gone.length;
}

/** Deletes a room of which no message is left, and its memberships. */
export async function deleteRoomRow(ctx: Context, tx: Queries, roomKey: number): Promise<void> {
  const { rooms, members } = ctx.db.tables;
  await tx.delete(members).where(eq(members.room_key, roomKey));
  await tx.delete(rooms).where(eq(rooms.key, roomKey));
}
