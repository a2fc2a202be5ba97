import { and, inArray, sql } from "drizzle-orm";
import type { Context } from "../context.ts";

/** Up to where each of these people has emptied which conversations. */
export async function clearedBy(ctx: Context, userKeys: readonly number[]): Promise<Map<number, Map<number, number>>> {
  const { members } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ userKey: members.user_key, roomKey: members.room_key, seq: members.cleared_seq })
    .from(members)
    // Written out, so that the partial index serves.
    .where(and(inArray(members.user_key, [...userKeys]), sql`${members.cleared_seq} > 0`));
  const cleared = new Map<number, Map<number, number>>();
  for (const { userKey, roomKey, seq } of rows) {
    const own = cleared.get(userKey) ?? new Map<number, number>();
    cleared.set(userKey, own.set(roomKey, seq));
  }
  return cleared;
}
