import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { announceRelation } from "./relations.ts";
import { bondBetween, deleteFriends } from "./store.ts";

/** Ends a friendship. Throws `USER_NOT_FOUND` when there is none. */
export async function removeFriend(ctx: Context, actor: Actor, userId: string): Promise<void> {
  const other = await people(ctx).byId(userId);
  const me = await people(ctx).byId(actor.id);
  if (!me || !other) throw new AppError("USER_NOT_FOUND");
  await ctx.db.write(async (tx) => {
    await ctx.db.lockPeople(tx, [actor.key, other.key]);
    const { isFriend } = await bondBetween(ctx, tx, actor.key, other.key);
    if (!isFriend) throw new AppError("USER_NOT_FOUND");
    await deleteFriends(ctx, tx, actor.key, other.key);
  });
  await announceRelation(ctx, me, other);
}
