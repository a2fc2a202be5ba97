import { idPattern } from "../../protocol/text.ts";
import { people, type Person } from "../accounts/people.ts";
import type { Context } from "../context.ts";

/** Of the people named, each once: those who can be added to a room, and the ids of those who cannot. */
export async function findAddable(
  ctx: Context,
  userIds: readonly string[],
): Promise<{ addable: Person[]; skipped: string[] }> {
  const addable: Person[] = [];
  const skipped: string[] = [];
  for (const id of new Set(userIds)) {
    const person = idPattern.test(id) ? await people(ctx).byId(id) : undefined;
    if (person && !person.disabled && !person.deleted) addable.push(person);
    else skipped.push(id);
  }
  return { addable, skipped };
}
