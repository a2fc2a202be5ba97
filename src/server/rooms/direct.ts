import type { User } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { eyesOf, type Eyes } from "../presence/eyes.ts";
import { sightedByKey } from "../presence/sighted.ts";

/** A room of two, made by the first message between them. */

/** What stands in `direct_pair`. */
export function pairOf(aKey: number, bKey: number): string {
  return aKey < bKey ? `${aKey}:${bKey}` : `${bKey}:${aKey}`;
}

/** The other one of the two; `undefined` in rooms that are not direct. */
export function peerKeyIn({ direct_pair }: { direct_pair: string | null }, userKey: number): number | undefined {
  if (direct_pair === null) return undefined;
  const middle = direct_pair.indexOf(":");
  const lower = Number(direct_pair.slice(0, middle));
  return lower === userKey ? Number(direct_pair.slice(middle + 1)) : lower;
}

/** How one sees whom one talks to, of these keys; by a query for all of them. */
export async function peersByKey(
  ctx: Context,
  pairs: readonly { userKey: number; peerKey: number }[],
): Promise<(userKey: number, peerKey: number) => User | undefined> {
  const keys = [...new Set(pairs.map(({ peerKey }) => peerKey))];
  const persons = await people(ctx).byKeys(keys);
  const sighted = await sightedByKey(ctx, keys);
  const eyes = new Map<number, Eyes>();
  for (const { userKey } of pairs) {
    if (!eyes.has(userKey)) eyes.set(userKey, await eyesOf(ctx, { key: userKey }));
  }
  return (userKey, peerKey) => {
    const person = persons.get(peerKey);
    const here = sighted.get(peerKey);
    const seen = here ? eyes.get(userKey)?.see(here) : undefined;
    return person && { ...userRef(person), ...(seen ?? gone) };
  };
}

/** Of an account that was deleted. */
const gone = { status: "offline", last_seen_at: null } as const;

/** The other one of the two, as the wire has them; `undefined` in rooms that are not direct. */
export async function peerOf(
  ctx: Context,
  room: { direct_pair: string | null },
  userKey: number,
): Promise<User | undefined> {
  const peerKey = peerKeyIn(room, userKey);
  return peerKey === undefined ? undefined : (await peersByKey(ctx, [{ userKey, peerKey }]))(userKey, peerKey);
}
