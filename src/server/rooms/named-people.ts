import { idPattern } from "../../protocol/text.ts";
import { people, type Person } from "../accounts/people.ts";
import { areApart } from "../blocks/blocked.ts";
import type { Actor, Context } from "../context.ts";

/** The person whom a request names; whatever is no id names nobody, and never reaches the database. */
export async function findPerson(ctx: Context, userId: string): Promise<Person | undefined> {
  return idPattern.test(userId) ? people(ctx).byId(userId) : undefined;
}

/**
 * Of the people named, each once: those whom the actor can add to a room, and the ids of those they cannot: who is not
 * there, and who has blocked them or is blocked by them.
 */
export async function findAddable(
  ctx: Context,
  actor: Pick<Actor, "key">,
  userIds: readonly string[],
): Promise<{ addable: Person[]; skipped: string[] }> {
  const addable: Person[] = [];
  const skipped: string[] = [];
  for (const id of new Set(userIds)) {
    const person = await findPerson(ctx, id);
    const isThere = person && !person.disabled && !person.deleted;
    if (isThere && !(await areApart(ctx, actor.key, person.key))) addable.push(person);
    else skipped.push(id);
  }
  return { addable, skipped };
}
