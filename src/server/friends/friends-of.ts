import { inArray } from "drizzle-orm";
import type { Context } from "../context.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";

/** The keys of these people's friends; who is missing has none. */
export async function friendsOf(
  ctx: Pick<Context, "db">,
  userKeys: readonly number[],
): Promise<Map<number, readonly number[]>> {
  const { friendships } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ userKey: friendships.user_key, friendKey: friendships.friend_key })
    .from(friendships)
    .where(inArray(friendships.user_key, jsonNumbers(ctx.db, userKeys)));
  const byPerson = Map.groupBy(rows, ({ userKey }) => userKey);
  return new Map([...byPerson].map(([userKey, own]) => [userKey, own.map(({ friendKey }) => friendKey)]));
}
