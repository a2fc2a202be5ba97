import { and, asc, eq, gt, gte } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { StoredMessage } from "./append.ts";

/** Messages sent after `sinceRev`, oldest first. */
export async function sentSince(
  ctx: Context,
  room: { key: number; last_seq: number; rev: number },
  sinceRev: number,
  limit: number,
): Promise<StoredMessage[]> {
  const { messages } = ctx.db.tables;
  return ctx.db.read
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.room_key, room.key),
        gt(messages.seq, await seqAtRev(ctx, room, sinceRev)),
        gt(messages.sent_rev, sinceRev),
      ),
    )
    .orderBy(asc(messages.seq))
    .limit(limit);
}

/** Passing over so many rows costs less than another look at the index. */
const passedOverMax = 256;

/**
 * A `seq` at or below the last one that was sent by `rev`, and not far below it, so that a range of the `(room_id, seq)`
 * index is enough. A message takes a `rev` of its own; only system lines of one transaction share one, hence the steps
 * back. Where reactions and the like took most of the numbers, that is far too far: `sent_rev` rises with `seq`, so the
 * distance is halved until little is left.
 */
async function seqAtRev(
  ctx: Context,
  room: { key: number; last_seq: number; rev: number },
  rev: number,
): Promise<number> {
  let low = await seqBefore(ctx, room, rev);
  let high = room.last_seq;
  if (room.rev - rev <= passedOverMax) return low;
  while (high - low > passedOverMax) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await sentFrom(ctx, room.key, middle);
    if (row && row.sentRev <= rev) low = row.seq;
    else high = middle - 1;
  }
  return low;
}

async function seqBefore(
  ctx: Context,
  room: { key: number; last_seq: number; rev: number },
  rev: number,
): Promise<number> {
  for (let back = Math.max(1, room.rev - rev); back < room.last_seq; back *= 2) {
    const seq = room.last_seq - back;
    const [row] = await sentFrom(ctx, room.key, seq);
    if (row?.seq === seq && row.sentRev <= rev) return seq;
  }
  return 0;
}

/** When the message with this number, or else the next one, was sent. */
function sentFrom(ctx: Context, roomKey: number, seq: number) {
  const { messages } = ctx.db.tables;
  return ctx.db.read
    .select({ seq: messages.seq, sentRev: messages.sent_rev })
    .from(messages)
    .where(and(eq(messages.room_key, roomKey), gte(messages.seq, seq)))
    .orderBy(asc(messages.seq))
    .limit(1);
}

/** Messages changed after `sinceRev`, by the partial index, oldest change first. */
export async function changedSince(
  ctx: Context,
  roomKey: number,
  sinceRev: number,
  limit: number,
): Promise<StoredMessage[]> {
  const { messages } = ctx.db.tables;
  return ctx.db.read
    .select()
    .from(messages)
    .where(and(eq(messages.room_key, roomKey), gt(messages.changed_rev, sinceRev)))
    .orderBy(asc(messages.changed_rev))
    .limit(limit);
}

/** More than anybody hides while another device of theirs is away; a stub is small. */
const hiddenMax = 5_000;

/**
 * Messages that a person has deleted for themselves since the room was at `sinceRev`, or when it was: hiding takes no `rev`
 * of its own, since it is nobody else's business.
 */
export async function hiddenSince(
  ctx: Context,
  userKey: number,
  roomKey: number,
  sinceRev: number,
): Promise<{ rev: number; message: StoredMessage }[]> {
  const { messages, hidden_messages } = ctx.db.tables;
  return ctx.db.read
    .select({ rev: hidden_messages.rev, message: messages })
    .from(hidden_messages)
    .innerJoin(messages, eq(messages.key, hidden_messages.message_key))
    .where(
      and(
        eq(hidden_messages.user_key, userKey),
        eq(hidden_messages.room_key, roomKey),
        gte(hidden_messages.rev, sinceRev),
      ),
    )
    .orderBy(asc(hidden_messages.rev))
    .limit(hiddenMax);
}
