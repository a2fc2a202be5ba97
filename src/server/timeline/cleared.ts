import { and, inArray, sql } from "drizzle-orm";
import { type Context, perContext } from "../context.ts";
import { Gathered } from "../platform/cache/gathered.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";

/** Up to where people have emptied which conversations: by person, then by room. */
export type ClearedBy = ReadonlyMap<number, ReadonlyMap<number, number>>;

interface Clearing {
  userKey: number;
  roomKey: number;
  seq: number;
}

/** Everybody who comes back after a crash asks for their own. */
const asked = perContext((ctx) => new Gathered((userKeys: number[]) => readCleared(ctx, userKeys)));

/** Up to where each of these people has emptied which conversations. */
export async function clearedBy(ctx: Context, userKeys: readonly number[]): Promise<ClearedBy> {
  const found = await Promise.all(userKeys.map((key) => asked(ctx).get(key)));
  return new Map(found.flatMap((own, index) => (own ? [[userKeys[index] ?? 0, own]] : [])));
}

async function readCleared(ctx: Context, userKeys: readonly number[]): Promise<ClearedBy> {
  const { members } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ userKey: members.user_key, roomKey: members.room_key, seq: members.cleared_seq })
    .from(members)
    // Written out, so that the partial index serves.
    .where(and(inArray(members.user_key, jsonNumbers(ctx.db, userKeys)), sql`${members.cleared_seq} > 0`));
  return clearedAmong(rows);
}

/** The same of what was read otherwise; what has no number was not emptied. */
export function clearedAmong(rows: Iterable<Clearing>): ClearedBy {
  const cleared = new Map<number, Map<number, number>>();
  for (const { userKey, roomKey, seq } of rows) {
    if (seq === 0) continue;
    const own = cleared.get(userKey) ?? new Map<number, number>();
    cleared.set(userKey, own.set(roomKey, seq));
  }
  return cleared;
}
