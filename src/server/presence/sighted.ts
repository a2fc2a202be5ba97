import type { Context } from "../context.ts";
import type { PresentPerson } from "./person.ts";
import { personsByKey } from "./store.ts";

/** What `Eyes.see` needs of each of these people, also when they are not there. */
export async function sightedByKey(ctx: Context, keys: readonly number[]): Promise<Map<number, PresentPerson>> {
  if (keys.length === 0) return new Map();
  return new Map((await personsByKey(ctx, keys)).map((person) => [person.key, person]));
}
