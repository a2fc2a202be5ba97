import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";

export async function areFriends(ctx: Context, userKey: number, otherKey: number): Promise<boolean> {
  const { friendships } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ key: friendships.friend_key })
    .from(friendships)
    .where(and(eq(friendships.user_key, userKey), eq(friendships.friend_key, otherKey)));
  return row !== undefined;
}
