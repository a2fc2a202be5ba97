import { and, asc, eq, inArray, isNotNull, isNull, lt, ne, sql } from "drizzle-orm";
import { folded } from "../accounts/names.ts";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";
import type { RoomRow } from "./directory.ts";

/** A row of `members`; of who left it stays with `is_active` false. */
export type MemberRow = Tables["members"]["$inferSelect"];

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
    Partial<Pick<RoomRow, "is_lobby" | "owner_key" | "created_by_key" | "direct_pair">>,
): Promise<RoomRow> {
  const [row] = await tx
    .insert(ctx.db.tables.rooms)
    .values({
      is_lobby: false,
      ...values,
      id: Bun.randomUUIDv7(),
      name_lower: folded(values.name),
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

/** Rooms but the lobby and the direct ones, which nobody leaves, in which the person is now. */
export async function roomKeysOf(ctx: Context, userKey: number): Promise<number[]> {
  const { members, rooms } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ key: members.room_key })
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .where(
      and(
        eq(members.user_key, userKey),
        eq(members.is_active, true),
        eq(rooms.is_lobby, false),
        ne(rooms.type, "direct"),
      ),
    );
  return rows.map(({ key }) => key);
}

/** Deleted accounts that are still in rooms; in direct ones they stay. */
export async function membersWithoutAccount(ctx: Context): Promise<number[]> {
  const { members, rooms, users } = ctx.db.tables;
  // As a subselect, so that SQLite begins with the few deleted accounts and not with all members there are.
  const deleted = ctx.db.read.select({ key: users.key }).from(users).where(isNotNull(users.deleted_at));
  const rows = await ctx.db.read
    .selectDistinct({ key: members.user_key })
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .where(
      and(
        inArray(members.user_key, deleted),
        eq(members.is_active, true),
        eq(rooms.is_lobby, false),
        ne(rooms.type, "direct"),
        isNull(rooms.deleted_at),
      ),
    );
  return rows.map(({ key }) => key);
}

/** Who owns the room when its owner is gone: the admin, else the member, who has been there longest. */
export async function successor(
  ctx: Context,
  tx: Queries,
  roomKey: number,
  ownerKey: number,
): Promise<MemberRow | undefined> {
  const { members } = ctx.db.tables;
  const [row] = await tx
    .select()
    .from(members)
    .where(and(eq(members.room_key, roomKey), eq(members.is_active, true), ne(members.user_key, ownerKey)))
    .orderBy(sql`CASE ${members.role} WHEN 'admin' THEN 0 ELSE 1 END`, asc(members.joined_at), asc(members.user_key))
    .limit(1);
  return row;
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
  values: Partial<Pick<MemberRow, "role" | "is_active" | "muted_until">> & Pick<MemberRow, "rev">,
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

/** Deletes up to `most` messages of a room; gives their keys. */
export async function deleteMessages(ctx: Context, tx: Queries, roomKey: number, most: number): Promise<number[]> {
  const { messages } = ctx.db.tables;
  const oldest = tx
    .select({ key: messages.key })
    .from(messages)
    .where(eq(messages.room_key, roomKey))
    .orderBy(asc(messages.seq))
    .limit(most);
  const gone = await tx.delete(messages).where(inArray(messages.key, oldest)).returning({ key: messages.key });
  return gone.map(({ key }) => key);
}

/** Deletes a room of which no message is left, and its memberships. */
export async function deleteRoomRow(ctx: Context, tx: Queries, roomKey: number): Promise<void> {
  const { rooms, members } = ctx.db.tables;
  await tx.delete(members).where(eq(members.room_key, roomKey));
  await tx.delete(rooms).where(eq(rooms.key, roomKey));
}
