import { and, count, eq, gt, inArray, isNull, ne, notInArray, sql } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { Context } from "../context.ts";
import { joinedInOrder } from "../platform/db/joined.ts";

/** Longer than `limits.unreadMax`, so that it is long enough also for most who wrote some of it. */
const tailLength = 128;

/**
 * Who sent the last messages of a room, so that what each of its members has yet to read is counted in memory. It is true
 * for the room's `rev`: nothing in it changes without a new one.
 */
export interface Tail {
  /** The number of its first message. */
  readonly firstSeq: number;
  /** The senders' keys, in order; 0 where a message does not count as unread (system, deleted, recalled). */
  readonly senders: readonly number[];
}

/** The ends of rooms that have messages, by one query; one without all its numbers is left out. */
export async function readTails(ctx: Context, roomKeys: readonly number[]): Promise<Map<number, Tail>> {
  const { rooms, messages } = ctx.db.tables;
  const counts = sql`${messages.type} <> 'system' AND ${messages.deleted_at} IS NULL AND ${messages.recalled_at} IS NULL`;
  const sender = sql`CASE WHEN ${counts} THEN CAST(${messages.sender_key} AS text) ELSE '0' END`;
  // Apart: of columns that stand directly in a selected field, Drizzle leaves the table's name out.
  const inTail = sql`${messages.room_key} = ${rooms.key} AND ${messages.seq} > ${rooms.last_seq} - ${tailLength}`;
  const joined = joinedInOrder(ctx.db, { text: sql`sender`, separator: ",", order: sql`seq` });
  const inOrder = sql`SELECT ${messages.seq} AS seq, ${sender} AS sender FROM ${messages} WHERE ${inTail} ORDER BY ${messages.seq}`;
  const senders = sql<string | null>`(SELECT ${joined} FROM (${inOrder}) AS tail)`;
  const rows = await ctx.db.read
    .select({ key: rooms.key, lastSeq: rooms.last_seq, senders })
    .from(rooms)
    .where(inArray(rooms.key, [...roomKeys]));
  const tails = new Map<number, Tail>();
  for (const { key, lastSeq, senders } of rows) {
    const keys = senders === null ? [] : senders.split(",").map(Number);
    const isWhole = keys.length === Math.min(lastSeq, tailLength);
    if (isWhole) tails.set(key, { firstSeq: lastSeq - keys.length + 1, senders: keys });
  }
  return tails;
}

/**
 * Messages after `readSeq`, up to `lastSeq`, by others than the reader and not hidden from them, counted up to
 * `limits.unreadMax`; `undefined`
 * where the tail does not reach back far enough to tell.
 */
export function unreadIn(
  { firstSeq, senders }: Tail,
  {
    userKey,
    readSeq,
    lastSeq,
    isHidden = () => false,
  }: {
    userKey: number;
    readSeq: number;
    lastSeq: number;
    /** Whether a message is hidden from the reader. */
    isHidden?: (seq: number, senderKey: number) => boolean;
  },
): number | undefined {
  let unread = 0;
  for (let seq = lastSeq; seq > readSeq; seq--) {
    const sender = senders[seq - firstSeq];
    if (sender === undefined) return undefined;
    if (sender === 0 || sender === userKey || isHidden(seq, sender)) continue;
    if (++unread === limits.unreadMax) break;
  }
  return unread;
}

/** What {@link unreadIn} gives, from the database. */
export async function countUnread(
  ctx: Context,
  { roomKey, userKey, readSeq }: { roomKey: number; userKey: number; readSeq: number },
): Promise<number> {
  const { messages, blocks, hidden_messages } = ctx.db.tables;
  const blocked = ctx.db.read.select({ key: blocks.blocked_key }).from(blocks).where(eq(blocks.user_key, userKey));
  const hidden = ctx.db.read
    .select({ seq: hidden_messages.seq })
    .from(hidden_messages)
    .where(and(eq(hidden_messages.user_key, userKey), eq(hidden_messages.room_key, roomKey)));
  const unread = ctx.db.read
    .select({ seq: messages.seq })
    .from(messages)
    .where(
      and(
        eq(messages.room_key, roomKey),
        gt(messages.seq, readSeq),
        ne(messages.sender_key, userKey),
        notInArray(messages.sender_key, blocked),
        notInArray(messages.seq, hidden),
        ne(messages.type, "system"),
        isNull(messages.deleted_at),
        isNull(messages.recalled_at),
      ),
    )
    .limit(limits.unreadMax)
    .as("unread");
  const [row] = await ctx.db.read.select({ total: count() }).from(unread);
  return row?.total ?? 0;
}
