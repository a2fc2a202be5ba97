import type { User } from "../../protocol/models.ts";
import { people, userRef, type Person } from "../accounts/people.ts";
import type { Context } from "../context.ts";

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

/** A person as the head of a conversation. */
export function wirePeer(person: Person): User {
  return { ...userRef(person), status: "offline", last_seen_at: null };
}

/** The other one of the two, as the wire has them; `undefined` in rooms that are not direct. */
export async function peerOf(
  ctx: Context,
  room: { direct_pair: string | null },
  userKey: number,
): Promise<User | undefined> {
  const key = peerKeyIn(room, userKey);
  const peer = key === undefined ? undefined : await people(ctx).byKey(key);
  return peer && wirePeer(peer);
}
