import { and, asc, eq, gt } from "drizzle-orm";
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

/**
 * A `seq` at or below the last one that was sent by `rev`, so that a range of the `(room_id, seq)` index is enough.
 * A message takes a `rev` of its own; only system lines of one transaction share one, hence the steps back.
 */
async function seqAtRev(
  ctx: Context,
  room: { key: number; last_seq: number; rev: number },
  rev: number,
): Promise<number> {
  const { messages } = ctx.db.tables;
  for (let back = Math.max(1, room.rev - rev); back < room.last_seq; back *= 2) {
    const seq = room.last_seq - back;
    const [row] = await ctx.db.read
      .select({ sentRev: messages.sent_rev })
      .from(messages)
      .where(and(eq(messages.room_key, room.key), eq(messages.seq, seq)));
    if (row && row.sentRev <= rev) return seq;
  }
  return 0;
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
