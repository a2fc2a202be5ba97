import { and, asc, eq, gte, isNull, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { ReadFrom } from "../timeline/on-replica.ts";

/** A room in whose messages somebody searches. */
export interface SearchedRoom {
  key: number;
  id: string;
  last_seq: number;
}

/** The rooms that a person is in now, with the lobby. */
export async function roomsOf(ctx: Context, userKey: number, lobbyKey: number): Promise<SearchedRoom[]> {
  const { rooms, members } = ctx.db.tables;
  const columns = { key: rooms.key, id: rooms.id, last_seq: rooms.last_seq };
  const joined = await ctx.db.read
    .select(columns)
    .from(members)
    .innerJoin(rooms, eq(rooms.key, members.room_key))
    .where(
      and(
        eq(members.user_key, userKey),
        eq(members.is_active, true),
        isNull(rooms.deleted_at),
        // In the lobby a row is there only once something had to be remembered.
        eq(rooms.is_lobby, false),
      ),
    );
  return [...joined, ...(await ctx.db.read.select(columns).from(rooms).where(eq(rooms.key, lobbyKey)))];
}

/** The key of the last message of all. */
export async function lastMessageKey(ctx: ReadFrom): Promise<number> {
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ key: sql`coalesce(max(${messages.key}), 0)`.mapWith(Number) })
    .from(messages);
  return row?.key ?? 0;
}

/** Where a message stands. */
export async function placeOf(ctx: ReadFrom, id: string): Promise<{ key: number; roomKey: number } | undefined> {
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ key: messages.key, roomKey: messages.room_key })
    .from(messages)
    .where(eq(messages.id, id));
  return row;
}

/** So near is near enough: what lies between is told apart by its own time. */
const keysApart = 256;

/**
 * Two keys, not far apart, between which the messages written about `atMs` begin. Keys rise with time but for the
 * moments that commits and clocks of several nodes differ by.
 */
export async function keysAt(ctx: ReadFrom, atMs: number, lastKey: number): Promise<{ low: number; high: number }> {
  const { messages } = ctx.db.tables;
  let low = 1;
  let high = lastKey + 1;
  while (high - low > keysApart) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await ctx.db.read
      .select({ key: messages.key, atMs: messages.created_at })
      .from(messages)
      .where(gte(messages.key, middle))
      .orderBy(asc(messages.key))
      .limit(1);
    if (!row || row.atMs >= atMs) high = middle;
    else low = Math.min(high, row.key + 1);
  }
  return { low, high };
}
