import { and, eq, gt, inArray, isNull, ne, sql } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { Context } from "../context.ts";
import type { StoredMessage } from "./append.ts";

/** Parts of one compound select; SQLite allows 500, and the statement stays short. */
const roomsPerQuery = 100;

/** Where a person stands in a room, and in how many messages that is behind. */
export interface ReadPosition {
  roomKey: number;
  readSeq: number;
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** The stored cursors of a person in these rooms; rooms without a row (the lobby at first) are missing. */
export async function readCursors(ctx: Context, userKey: number, roomKeys: readonly number[]) {
  const { members } = ctx.db.tables;
  const found = new Map<number, { readSeq: number; deliveredSeq: number }>();
  for (const keys of chunks(roomKeys, roomsPerQuery)) {
    const rows = await ctx.db.read
      .select({ roomKey: members.room_key, readSeq: members.read_seq, deliveredSeq: members.delivered_seq })
      .from(members)
      .where(and(eq(members.user_key, userKey), inArray(members.room_key, keys)));
    for (const { roomKey, ...cursor } of rows) found.set(roomKey, cursor);
  }
  return found;
}

/** Where the lobby stood when a person's account was made. */
export async function lobbyFromSeq(ctx: Context, userKey: number): Promise<number> {
  const { users } = ctx.db.tables;
  const [row] = await ctx.db.read.select({ seq: users.lobby_from_seq }).from(users).where(eq(users.key, userKey));
  return row?.seq ?? 0;
}

/** The last message of each room. */
export async function lastMessages(ctx: Context, roomKeys: readonly number[]): Promise<Map<number, StoredMessage>> {
  const { messages, rooms } = ctx.db.tables;
  const found = new Map<number, StoredMessage>();
  for (const keys of chunks(roomKeys, roomsPerQuery)) {
    const rows = await ctx.db.read
      .select({ message: messages })
      .from(rooms)
      .innerJoin(messages, and(eq(messages.room_key, rooms.key), eq(messages.seq, rooms.last_seq)))
      .where(inArray(rooms.key, keys));
    for (const { message } of rows) found.set(message.room_key, message);
  }
  return found;
}

/** Unread messages from each position on: by others, not system, not emptied; counted up to `limits.unreadMax`. */
export async function unreadCounts(
  ctx: Context,
  userKey: number,
  positions: readonly ReadPosition[],
): Promise<Map<number, number>> {
  const { messages } = ctx.db.tables;
  const found = new Map<number, number>();
  for (const part of chunks(positions, roomsPerQuery)) {
    const selects = part.map(({ roomKey, readSeq }) => {
      const unread = and(
        eq(messages.room_key, roomKey),
        gt(messages.seq, readSeq),
        ne(messages.sender_key, userKey),
        ne(messages.type, "system"),
        isNull(messages.deleted_at),
        isNull(messages.recalled_at),
      );
      return sql`SELECT CAST(${roomKey} AS BIGINT) AS room_key,
        (SELECT count(*) FROM (SELECT 1 FROM ${messages} WHERE ${unread} LIMIT ${limits.unreadMax}) AS unread) AS unread`;
    });
    const rows = await ctx.db.read
      .select({ roomKey: sql`counts.room_key`.mapWith(Number), unread: sql`counts.unread`.mapWith(Number) })
      .from(sql`(${sql.join(selects, sql` UNION ALL `)}) AS counts`);
    for (const { roomKey, unread } of rows) found.set(roomKey, unread);
  }
  return found;
}
