import type { Context } from "../context.ts";
import type { PresentPerson } from "./person.ts";
import { personsById, personsByKey } from "./store.ts";

/** What `Eyes.see` needs of each of these people, also when they are not there. */
export async function sightedByKey(ctx: Context, keys: readonly number[]): Promise<Map<number, PresentPerson>> {
  if (keys.length === 0) return new Map();
  return new Map((await personsByKey(ctx, keys)).map((person) => [person.key, person]));
}

const peoplePerQuery = 500;

/** Those of these people who exist, however many they are. */
export async function sightedById(ctx: Context, ids: Iterable<string>): Promise<PresentPerson[]> {
  const left = [...ids];
  const found: PresentPerson[] = [];
  while (left.length > 0) found.push(...(await personsById(ctx, left.splice(0, peoplePerQuery))));
  return found;
}
