import { onAccountDeleted } from "../accounts/delete-me.ts";
import { people } from "../accounts/people.ts";
import { forgetBlocks } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { announceRelation } from "./relations.ts";
import { deletedWithBonds, deleteEverythingOf } from "./store.ts";

/** Who deletes their account is nobody's friend any more; what a crash has left is done now. */
export async function startFriends(ctx: Context): Promise<void> {
  for (const key of await deletedWithBonds(ctx)) await endEverything(ctx, key);
  onAccountDeleted(ctx, ({ key }) => endEverything(ctx, key));
}

/** Ends friendships, requests and blocks of an account that is gone. Harmless when done again. */
async function endEverything(ctx: Context, userKey: number): Promise<void> {
  const { otherKeys, requests, blocks } = await ctx.db.write((tx) => deleteEverythingOf(ctx, tx, userKey));
  forgetBlocks(ctx, [...new Set(blocks.flatMap(({ user_key, blocked_key }) => [user_key, blocked_key]))]);
  const persons = await people(ctx).byKeys([userKey, ...otherKeys]);
  for (const { user_key, blocked_key } of blocks) {
    const [by, blocked] = [persons.get(user_key), persons.get(blocked_key)];
    if (by && blocked) ctx.publish.hide(by.id, blocked.id, false);
  }
  const gone = persons.get(userKey);
  for (const key of otherKeys) {
    const other = persons.get(key);
    if (gone && other) await announceRelation(ctx, other, gone, ["one"]);
  }
  for (const { id, to_key } of requests) ctx.happenings.emit("friend_request_gone", { requestId: id, toKey: to_key });
}
