import { and, eq, inArray } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { asJson, keysGiven } from "../platform/db/json-rows.ts";

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
  if (userKeys.length === 0) return new Map();
  const { query, rowsIn } = positions(ctx);
  const rows = rowsIn(await query.execute({ keys: JSON.stringify(userKeys) }));
  return new Map(rows.map(({ key, seq }) => [key, seq]));
}

const positions = perContext(({ db }) => {
  const { users } = db.tables;
  const { cell, rowsIn } = asJson(db, { key: users.key, seq: users.lobby_from_seq });
  const query = db.read
    .select({ cell })
    .from(users)
    .where(inArray(users.key, keysGiven(db)))
    .prepare();
  return { query, rowsIn };
});
