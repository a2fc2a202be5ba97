import { and, eq, inArray } from "drizzle-orm";
import type { Context } from "../context.ts";
import { asJson, jsonNumbers } from "../platform/db/json-rows.ts";

/** A person's stored cursor in a room; in the lobby there is none at first. */
export async function readCursor(ctx: Context, roomKey: number, userKey: number) {
  const { members } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ readSeq: members.read_seq, deliveredSeq: members.delivered_seq })
    .from(members)
    .where(and(eq(members.room_key, roomKey), eq(members.user_key, userKey)));
  return row;
}

/** Where the lobby stood when each account was made. */
export async function lobbyPositions(ctx: Context, userKeys: readonly number[]): Promise<Map<number, number>> {
  const { users } = ctx.db.tables;
  if (userKeys.length === 0) return new Map();
  const { cell, rowsIn } = asJson(ctx.db, { key: users.key, seq: users.lobby_from_seq });
  const found = await ctx.db.read
    .select({ cell })
    .from(users)
    .where(inArray(users.key, jsonNumbers(ctx.db, userKeys)));
  return new Map(rowsIn(found).map(({ key, seq }) => [key, seq]));
}
