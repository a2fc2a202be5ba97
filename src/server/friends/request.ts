import type { FriendRequest } from "../../protocol/models.ts";
import { limits } from "../../protocol/limits.ts";
import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Queries } from "../platform/db/database.ts";
import { personSeenBy } from "./lists.ts";
import { announceRelation, otherPerson } from "./relations.ts";
import {
  bondBetween,
  countFriends,
  countRequests,
  deleteRequest,
  insertFriends,
  insertRequest,
  isEnabled,
} from "./store.ts";

/** Far above what anybody types, far below what annoys a whole server. */
const requestRate = { perSecond: 0.5, burst: 50 };

export interface RequestFriendInput {
  user_id: string;
  message?: string | undefined;
}

/** A request that was sent; `is_accepted`: the other had sent one before, so they are friends already. */
export interface SentRequest extends FriendRequest {
  is_accepted: boolean;
}

/**
 * Asks somebody to be friends; two requests that cross make a friendship at once. Throws `VALIDATION_ERROR` for
 * oneself, `USER_NOT_FOUND` (also where the account is disabled), `BLOCKED` whoever of the two has blocked, `CONFLICT`
 * when they are friends, the request was sent before, or too many wait, `RATE_LIMITED`.
 */
export async function requestFriend(ctx: Context, actor: Actor, input: RequestFriendInput): Promise<SentRequest> {
  const other = await otherPerson(ctx, actor, input.user_id);
  const me = await people(ctx).byId(actor.id);
  if (!me) throw new AppError("UNAUTHENTICATED");
  await ctx.limits.demandOfAll("friend request", actor.id, requestRate);
  const row = {
    id: Bun.randomUUIDv7(),
    from_key: actor.key,
    to_key: other.key,
    message: input.message ?? "",
    created_at: ctx.clock.now(),
  };
  const crossed = await ctx.db.write(async (tx) => {
    await ctx.db.lockPeople(tx, [actor.key, other.key]);
    if (!(await isEnabled(ctx, tx, other.key))) throw new AppError("USER_NOT_FOUND");
    const bond = await bondBetween(ctx, tx, actor.key, other.key);
    if (bond.hasBlocked || bond.isBlocked) throw new AppError("BLOCKED");
    if (bond.isFriend || bond.outgoing) throw new AppError("CONFLICT");
    if (bond.incoming) {
      await befriend(ctx, tx, actor.key, other.key);
      await deleteRequest(ctx, tx, bond.incoming.id);
      return bond.incoming;
    }
    if ((await countRequests(ctx, tx, actor.key, "from_key")) >= limits.requestsOutgoing)
      throw new AppError("CONFLICT");
    if ((await countRequests(ctx, tx, other.key, "to_key")) >= limits.requestsIncoming) throw new AppError("CONFLICT");
    await insertRequest(ctx, tx, row);
    return undefined;
  });
  await announceRelation(ctx, me, other);
  if (crossed) {
    ctx.happenings.emit("friend_request_gone", { requestId: crossed.id, toKey: crossed.to_key });
    ctx.happenings.emit("friends_made", { acceptedByKey: actor.key, requesterKey: other.key });
  } else {
    const { id: requestId, from_key: fromKey, to_key: toKey, message } = row;
    ctx.happenings.emit("friend_requested", { requestId, fromKey, toKey, message });
  }
  return {
    id: row.id,
    user: await personSeenBy(ctx, actor, other.key),
    direction: "outgoing",
    message: row.message,
    created_at: wireTime(row.created_at),
    is_accepted: crossed !== undefined,
  };
}

/** Makes two people friends, who are locked and are not yet. Throws `CONFLICT` when one of them has too many. */
export async function befriend(ctx: Context, tx: Queries, one: number, other: number): Promise<void> {
  for (const key of [one, other]) {
    if ((await countFriends(ctx, tx, key)) >= limits.friends) throw new AppError("CONFLICT");
  }
  await insertFriends(ctx, tx, one, other, ctx.clock.now());
}
