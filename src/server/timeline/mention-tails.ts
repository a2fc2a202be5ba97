import { and, desc, eq, gt, inArray, isNotNull, isNull, sql } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { Context } from "../context.ts";
import { joinedInOrder } from "../platform/db/joined.ts";
import type { Personal } from "./for-viewer.ts";
import { isMentioned } from "./mentioned.ts";

/** Messages that name somebody, the newest of each room; and their characters, which one message may have 2,000 of (G7). */
const tailLength = 64;
const tailChars = 8_192;
/** Where the tail is too short to tell. */
const lookedAtMax = 1_000;

interface Mentioning {
  seq: number;
  senderKey: number;
  mentions: string;
}

/**
 * The last messages of a room that name anybody, so that what each of its members has yet to read of them is counted in
 * memory. It is true for the room's `rev`.
 */
export interface MentionTail {
  /** All that came later is in it. */
  readonly afterSeq: number;
  /** The newest first. */
  readonly entries: readonly Mentioning[];
}

interface Reader {
  userKey: number;
  userId: string;
  roomKey: number;
  readSeq: number;
  /** What came later is told live. */
  lastSeq: number;
  personal: Personal | undefined;
}

const none: MentionTail = { afterSeq: 0, entries: [] };

/** The tails of these rooms, by one query. */
export async function readMentionTails(
  ctx: Context,
  roomKeys: readonly number[],
): Promise<ReadonlyMap<number, MentionTail>> {
  const { rooms, messages } = ctx.db.tables;
  const isThere = sql`${messages.mentions} IS NOT NULL AND ${messages.deleted_at} IS NULL AND ${messages.recalled_at} IS NULL`;
  const line = sql`CAST(${messages.seq} AS text) || ' ' || CAST(${messages.sender_key} AS text) || ' ' || ${messages.mentions}`;
  const newest = sql`SELECT ${messages.seq} AS seq, ${line} AS line FROM ${messages} WHERE ${messages.room_key} = ${rooms.key} AND ${isThere} ORDER BY ${messages.seq} DESC LIMIT ${tailLength}`;
  const joined = joinedInOrder(ctx.db, { text: sql`line`, separator: "\n", order: sql`seq DESC` });
  const tail = sql<string | null>`(SELECT ${joined} FROM (${newest}) AS newest)`;
  const rows = await ctx.db.read
    .select({ key: rooms.key, tail })
    .from(rooms)
    .where(inArray(rooms.key, [...roomKeys]));
  return new Map(rows.map(({ key, tail }) => [key, tail === null ? none : parsed(tail)]));
}

function parsed(text: string): MentionTail {
  const lines = text.split("\n");
  const entries: Mentioning[] = [];
  let chars = 0;
  for (const line of lines) {
    const [seq = "", senderKey = ""] = line.split(" ", 2);
    const mentions = line.slice(seq.length + senderKey.length + 2);
    chars += mentions.length;
    if (chars > tailChars) return { afterSeq: Number(seq), entries };
    entries.push({ seq: Number(seq), senderKey: Number(senderKey), mentions });
  }
  return { afterSeq: lines.length < tailLength ? 0 : (entries.at(-1)?.seq ?? 1) - 1, entries };
}

/**
 * Messages after the reader's cursor, by others, that name them or everybody, counted up to `limits.unreadMax`;
 * `undefined` where the tail does not reach back far enough to tell.
 */
export function mentionsIn({ afterSeq, entries }: MentionTail, reader: Reader): number | undefined {
  return reader.readSeq < afterSeq ? undefined : countMentions(entries, reader);
}

function countMentions(
  entries: readonly Mentioning[],
  { roomKey, userKey, userId, readSeq, lastSeq, personal }: Reader,
): number {
  let mentions = 0;
  for (const entry of entries) {
    if (entry.seq <= readSeq) break;
    if (entry.seq > lastSeq || entry.senderKey === userKey || !isMentioned(entry.mentions, userId)) continue;
    const place = { type: "text", sender_key: entry.senderKey, room_key: roomKey, seq: entry.seq } as const;
    if (!personal?.hides(place) && ++mentions === limits.unreadMax) break;
  }
  return mentions;
}

/** What {@link mentionsIn} gives, from the database: of the last messages that name anybody. */
export async function countUnreadMentions(ctx: Context, reader: Reader): Promise<number> {
  const { messages } = ctx.db.tables;
  const entries = await ctx.db.read
    .select({ seq: messages.seq, senderKey: messages.sender_key, mentions: sql<string>`${messages.mentions}` })
    .from(messages)
    .where(
      and(
        eq(messages.room_key, reader.roomKey),
        gt(messages.seq, reader.readSeq),
        isNotNull(messages.mentions),
        isNull(messages.deleted_at),
        isNull(messages.recalled_at),
      ),
    )
    .orderBy(desc(messages.seq))
    .limit(lookedAtMax);
  return countMentions(entries, reader);
}
