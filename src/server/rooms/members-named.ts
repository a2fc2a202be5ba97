import { folded } from "../accounts/names.ts";
import type { Context } from "../context.ts";
import type { RoomEntry } from "./directory.ts";
import { membersByDisplayName, membersByUsername } from "./list-store.ts";

/**
 * The members called so, by the names as they were given: by user name, or else by a display name that only one of them
 * has. In the lobby these are all accounts.
 */
export async function membersNamed(
  ctx: Context,
  room: Pick<RoomEntry, "key" | "is_lobby">,
  names: Iterable<string>,
): Promise<Map<string, string>> {
  const foldedBy = new Map([...new Set(names)].map((name) => [name, folded(name)]));
  const wanted = [...new Set(foldedBy.values())];
  if (wanted.length === 0) return new Map();
  const [byUsername, byDisplayName] = await Promise.all([
    membersByUsername(ctx, room, wanted),
    membersByDisplayName(ctx, room, wanted),
  ]);
  const ids = new Map([...byDisplayName, ...byUsername].map(({ id, name }) => [name, id]));
  const found = new Map<string, string>();
  for (const [name, key] of foldedBy) {
    const id = ids.get(key);
    if (id !== undefined) found.set(name, id);
  }
  return found;
}
