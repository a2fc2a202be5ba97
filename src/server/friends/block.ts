import { limits } from "../../protocol/limits.ts";
import { people } from "../accounts/people.ts";
import { forgetBlocks } from "../blocks/blocked.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { retellPresence } from "../presence/between.ts";
import { announceRelation, otherPerson } from "./relations.ts";
import { bondBetween, countBlocks, deleteBlock, deleteFriends, deleteRequest, insertBlock } from "./store.ts";

/**
 * Blocks somebody, which ends a friendship and requests either way; harmless when done again. The blocked learns nothing
 * but that these are gone. Throws `VALIDATION_ERROR` for oneself, `USER_NOT_FOUND`, `CONFLICT` when too many are blocked.
 */
export async function block(ctx: Context, actor: Actor, userId: string): Promise<void> {
  const other = await otherPerson(ctx, actor, userId);
  const me = await people(ctx).byId(actor.id);
  if (!me) throw new AppError("UNAUTHENTICATED");
  const ended = await ctx.db.write(async (tx) => {
    await ctx.db.lockPeople(tx, [actor.key, other.key]);
    const bond = await bondBetween(ctx, tx, actor.key, other.key);
    if (bond.hasBlocked) return undefined;
    if ((await countBlocks(ctx, tx, actor.key)) >= limits.blocks) throw new AppError("CONFLICT");
    await insertBlock(ctx, tx, { user_key: actor.key, blocked_key: other.key, created_at: ctx.clock.now() });
    const requests = [bond.incoming, bond.outgoing].filter((request) => request !== undefined);
    for (const { id } of requests) await deleteRequest(ctx, tx, id);
    if (bond.isFriend) await deleteFriends(ctx, tx, actor.key, other.key);
    return { requests, isSeen: bond.isFriend || requests.length > 0 };
  });
  if (!ended) return;
  forgetBlocks(ctx, [actor.key, other.key]);
  ctx.publish.hide(actor.id, other.id, true);
  retellPresence(ctx, actor.key, other.key);
  await announceRelation(ctx, me, other, ended.isSeen ? ["one", "other"] : ["one"]);
  for (const { id, to_key } of ended.requests) {
    ctx.happenings.emit("friend_request_gone", { requestId: id, toKey: to_key });
  }
  ctx.happenings.emit("blocked", { userKey: actor.key, blockedKey: other.key });
}

/** Ends a block; harmless when there is none. Throws `VALIDATION_ERROR` for oneself, `USER_NOT_FOUND`. */
export async function unblock(ctx: Context, actor: Actor, userId: string): Promise<void> {
  const other = await otherPerson(ctx, actor, userId);
  const me = await people(ctx).byId(actor.id);
  if (!me) throw new AppError("UNAUTHENTICATED");
  const wasBlocked = await ctx.db.write(async (tx) => {
    await ctx.db.lockPeople(tx, [actor.key, other.key]);
    return deleteBlock(ctx, tx, actor.key, other.key);
  });
  if (!wasBlocked) return;
  forgetBlocks(ctx, [actor.key, other.key]);
  ctx.publish.hide(actor.id, other.id, false);
  retellPresence(ctx, actor.key, other.key);
  await announceRelation(ctx, me, other, ["one"]);
}
