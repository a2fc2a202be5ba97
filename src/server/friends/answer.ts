import type { User } from "../../protocol/models.ts";
import { idPattern } from "../../protocol/text.ts";
import { people, type Person } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import { personSeenBy } from "./lists.ts";
import { announceRelation } from "./relations.ts";
import { befriend } from "./request.ts";
import { bondBetween, deleteRequest, requestById, type RequestRow } from "./store.ts";

/** Accepts a request that was sent to the actor; gives the new friend. Throws `FRIEND_REQUEST_NOT_FOUND`, `CONFLICT`. */
export async function acceptRequest(ctx: Context, actor: Actor, requestId: string): Promise<User> {
  const { row, other } = await settle(ctx, actor, requestId, "to_key", async (tx, { from_key, to_key }) => {
    const { isFriend } = await bondBetween(ctx, tx, to_key, from_key);
    if (!isFriend) await befriend(ctx, tx, to_key, from_key);
  });
  ctx.happenings.emit("friends_made", { acceptedByKey: row.to_key, requesterKey: row.from_key });
  return personSeenBy(ctx, actor, other.key);
}

/** Refuses a request that was sent to the actor. Throws `FRIEND_REQUEST_NOT_FOUND`. */
export async function rejectRequest(ctx: Context, actor: Actor, requestId: string): Promise<void> {
  await settle(ctx, actor, requestId, "to_key");
}

/** Takes back a request that the actor has sent. Throws `FRIEND_REQUEST_NOT_FOUND`. */
export async function withdrawRequest(ctx: Context, actor: Actor, requestId: string): Promise<void> {
  await settle(ctx, actor, requestId, "from_key");
}

/** Ends a request that is the actor's on this side: to all others it does not exist. Throws `FRIEND_REQUEST_NOT_FOUND`. */
async function settle(
  ctx: Context,
  actor: Actor,
  requestId: string,
  side: "from_key" | "to_key",
  work: (tx: Queries, row: RequestRow) => Promise<void> = async () => {},
): Promise<{ row: RequestRow; other: Person }> {
  const notFound = () => new AppError("FRIEND_REQUEST_NOT_FOUND");
  if (!idPattern.test(requestId)) throw notFound();
  const found = await requestById(ctx, ctx.db.read, requestId);
  if (found?.[side] !== actor.key) throw notFound();
  const persons = await people(ctx).byKeys([found.from_key, found.to_key]);
  const me = persons.get(actor.key);
  const other = persons.get(side === "to_key" ? found.from_key : found.to_key);
  if (!me || !other || other.disabled || other.deleted) throw notFound();
  const row = await ctx.db.write(async (tx) => {
    await ctx.db.lockPeople(tx, [found.from_key, found.to_key]);
    const row = await requestById(ctx, tx, requestId);
    if (!row) throw notFound();
    await work(tx, row);
    await deleteRequest(ctx, tx, requestId);
    return row;
  });
  await announceRelation(ctx, me, other);
  ctx.happenings.emit("friend_request_gone", { requestId, toKey: row.to_key });
  return { row, other };
}
