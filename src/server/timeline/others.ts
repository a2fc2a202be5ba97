import { and, eq, inArray, lte, ne, sql } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { MessageStatus } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import { blocksOfOne } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { pendingCursor, type Reached } from "./cursors.ts";

/** How far each member of a room has come. */
export interface MemberCursor extends Reached {
  roomKey: number;
  isDirect: boolean;
  userKey: number;
}

/** The cursors of all members, by room; big rooms and the lobby, which do not tell, are missing. */
export async function cursorsIn(ctx: Context, roomKeys: readonly number[]): Promise<Map<number, MemberCursor[]>> {
  const { rooms, members } = ctx.db.tables;
  if (roomKeys.length === 0) return new Map();
  const rows = await ctx.db.read
    .select({
      roomKey: members.room_key,
      type: rooms.type,
      userKey: members.user_key,
      readSeq: members.read_seq,
      deliveredSeq: members.delivered_seq,
    })
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .where(
      and(
        inArray(members.room_key, [...roomKeys]),
        eq(members.is_active, true),
        eq(rooms.is_lobby, false),
        lte(rooms.member_count, limits.statusMembers),
      ),
    );
  const cursors = rows.map(({ roomKey, type, userKey, ...stored }): MemberCursor => {
    const pending = pendingCursor(ctx, roomKey, userKey);
    const readSeq = Math.max(stored.readSeq, pending?.readSeq ?? 0);
    const deliveredSeq = Math.max(readSeq, stored.deliveredSeq, pending?.deliveredSeq ?? 0);
    return { roomKey, isDirect: type === "direct", userKey, readSeq, deliveredSeq };
  });
  return Map.groupBy(cursors, ({ roomKey }) => roomKey);
}

/**
 * {@link cursorsIn} of one room. Where people write on several nodes, the cursors that this moves come into the database
 * later: there what they wrote last is looked up.
 */
export async function cursorsOf(ctx: Context, roomKey: number): Promise<MemberCursor[] | undefined> {
  const cursors = (await cursorsIn(ctx, [roomKey])).get(roomKey);
  if (!cursors || ctx.bus.isAlone) return cursors;
  const written = await lastWritten(ctx, roomKey);
  return cursors.map((cursor) => hasWritten(cursor, written.get(cursor.userKey) ?? 0));
}

/** Who wrote a message has read everything up to it. */
export function hasWritten(cursor: MemberCursor, seq: number): MemberCursor {
  if (seq <= cursor.readSeq) return cursor;
  return { ...cursor, readSeq: seq, deliveredSeq: Math.max(seq, cursor.deliveredSeq) };
}

/** A {@link MemberCursor} as another person may see it. */
export interface ShownCursor extends MemberCursor {
  /** One of the two has blocked the other. */
  isApart: boolean;
}

/**
 * The cursors of one room as `viewerKey` may see them. Of whoever keeps receipts to themselves it shows what was told
 * before they did, and what they wrote shows anyway: that they were there. Who keeps theirs sees nobody's. Between people of
 * whom one has blocked the other it is only what they wrote, also for what was delivered.
 */
export async function shownCursors(
  ctx: Context,
  viewerKey: number,
  cursors: readonly MemberCursor[],
): Promise<ShownCursor[]> {
  const persons = await people(ctx).byKeys([viewerKey, ...cursors.map(({ userKey }) => userKey)]);
  const { blocked, blockers } = await blocksOfOne(ctx, viewerKey);
  const isOpen = (key: number) => persons.get(key)?.privacy.read_receipts !== false;
  const sees = isOpen(viewerKey);
  const seen = cursors.map((cursor) => {
    const isMine = cursor.userKey === viewerKey;
    const isApart = !isMine && (blocked.has(cursor.userKey) || blockers.has(cursor.userKey));
    return { cursor, isApart, isKept: !isMine && !isOpen(cursor.userKey), isUnseen: !isMine && !sees };
  });
  const roomKey = seen.find(({ isApart, isKept }) => isApart || isKept)?.cursor.roomKey;
  const written = roomKey === undefined ? none : await lastWritten(ctx, roomKey);
  const told = roomKey === undefined || !sees ? none : await lastTold(ctx, roomKey);
  return seen.map(({ cursor, isApart, isKept, isUnseen }): ShownCursor => {
    const { userKey, deliveredSeq } = cursor;
    const own = written.get(userKey) ?? 0;
    if (isApart) return { ...cursor, isApart, readSeq: isUnseen ? 0 : own, deliveredSeq: own };
    if (isUnseen) return { ...cursor, isApart, readSeq: 0 };
    if (!isKept) return { ...cursor, isApart };
    return { ...cursor, isApart, readSeq: Math.min(deliveredSeq, Math.max(own, told.get(userKey) ?? 0)) };
  });
}

const none: ReadonlyMap<number, number> = new Map();

/** Up to where it was told of each person of a room that they have read it. */
async function lastTold(ctx: Context, roomKey: number): Promise<Map<number, number>> {
  const { cursor_moves } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ userKey: cursor_moves.user_key, seq: sql`max(${cursor_moves.seq})`.mapWith(Number) })
    .from(cursor_moves)
    .where(and(eq(cursor_moves.room_key, roomKey), eq(cursor_moves.kind, "read")))
    .groupBy(cursor_moves.user_key);
  return new Map(rows.map(({ userKey, seq }) => [userKey, seq]));
}

/** How far back is looked for what somebody wrote. */
const lookBack = 200;

/** The number of the last message that each person has written lately. */
async function lastWritten(ctx: Context, roomKey: number): Promise<Map<number, number>> {
  const { messages } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ userKey: messages.sender_key, seq: sql`max(${messages.seq})`.mapWith(Number) })
    .from(messages)
    .where(
      and(
        eq(messages.room_key, roomKey),
        sql`${messages.seq} > (SELECT last_seq - ${lookBack} FROM rooms WHERE key = ${roomKey})`,
        ne(messages.type, "system"),
      ),
    )
    .groupBy(messages.sender_key);
  return new Map(rows.map(({ userKey, seq }) => [userKey, seq]));
}

/** How far a message of the viewer's own in this room has come: the lowest cursor of the others. */
export function statusAt(
  seq: number,
  viewerKey: number,
  shown: readonly ShownCursor[],
  isOpen: boolean,
): MessageStatus {
  // In a room of many, those who have nothing to do with one another do not keep back the rest.
  const others = shown.filter(({ userKey, isApart, isDirect }) => userKey !== viewerKey && (isDirect || !isApart));
  if (others.length === 0) return "sent";
  if (isOpen && others.every(({ readSeq }) => readSeq >= seq)) return "read";
  return others.every(({ deliveredSeq }) => deliveredSeq >= seq) ? "delivered" : "sent";
}
