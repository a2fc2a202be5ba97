import { idPattern } from "../../protocol/text.ts";
import { people, type Person } from "../accounts/people.ts";
import type { Context } from "../context.ts";

/** The person whom a request names; whatever is no id names nobody, and never reaches the database. */
export async function findPerson(ctx: Context, userId: string): Promise<Person | undefined> {
  return idPattern.test(userId) ? people(ctx).byId(userId) : undefined;
}

/** Of the people named, each once: those who can be added to a room, and the ids of those who cannot. */
export async function findAddable(
  ctx: Context,
  userIds: readonly string[],
): Promise<{ addable: Person[]; skipped: string[] }> {
  const addable: Person[] = [];
  const skipped: string[] = [];
  for (const id of new Set(userIds)) {
    const person = await findPerson(ctx, id);
    if (person && !person.disabled && !person.deleted) addable.push(person);
    else skipped.push(id);
  }
  return { addable, skipped };
}
