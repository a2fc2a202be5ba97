import type { EventPayload } from "../../protocol/events.ts";
import { people, type Person } from "../accounts/people.ts";
import { perContext, type Actor, type Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import { Lock } from "../platform/db/lock.ts";
import { eyesOf } from "../presence/eyes.ts";
import { wirePerson, wireRequest } from "./lists.ts";
import { listedPerson } from "./list-store.ts";
import { bondBetween } from "./store.ts";

/** The other one of two, whom a request names. Throws `VALIDATION_ERROR` for oneself, `USER_NOT_FOUND`. */
export async function otherPerson(ctx: Context, actor: Pick<Actor, "id">, userId: string): Promise<Person> {
  if (userId === actor.id) throw invalid("user_id", "must be somebody else");
  const person = await people(ctx).byId(userId);
  if (!person || person.deleted) throw new AppError("USER_NOT_FOUND");
  return person;
}

/** What is told is read and sent by one at a time: the last that a device hears is how it is. */
const telling = perContext(() => new Lock());

/** Tells each of the two named in `to` on their own devices how they now stand to the other. */
export async function announceRelation(
  ctx: Context,
  one: Person,
  other: Person,
  to: readonly ("one" | "other")[] = ["one", "other"],
): Promise<void> {
  await telling(ctx).run(async () => {
    if (to.includes("one")) ctx.publish.toUser(one.id, "relationship_changed", await relationBetween(ctx, one, other));
    if (to.includes("other"))
      ctx.publish.toUser(other.id, "relationship_changed", await relationBetween(ctx, other, one));
  });
}

/** How `other` stands to `viewer`. That one is blocked is not told. */
export async function relationBetween(
  ctx: Context,
  viewer: Person,
  other: Person,
): Promise<EventPayload<"relationship_changed">> {
  const bond = await bondBetween(ctx, ctx.db.read, viewer.key, other.key);
  const row = await listedPerson(ctx, other.key);
  if (!row) throw new AppError("USER_NOT_FOUND");
  const request = bond.incoming ?? bond.outgoing;
  const eyes = await eyesOf(ctx, viewer);
  const wire = request && wireRequest({ request, other: row }, viewer.key, eyes);
  return {
    user: wirePerson(row, eyes),
    friend: bond.isFriend,
    request: wire?.direction ?? null,
    friend_request: wire ?? null,
    blocked: bond.hasBlocked,
  };
}
