import type { Cursor } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { ownCursor } from "../timeline/cursors.ts";
import { cursorsOf, shownCursors, type MemberCursor } from "../timeline/others.ts";

/** Cursors as one of the members may see them, on the wire. */
export async function wireCursors(
  ctx: Context,
  viewerKey: number,
  cursors: readonly MemberCursor[],
): Promise<Cursor[]> {
  const persons = await people(ctx).byKeys(cursors.map(({ userKey }) => userKey));
  return (await shownCursors(ctx, viewerKey, cursors)).flatMap(({ userKey, readSeq, deliveredSeq }) => {
    const person = persons.get(userKey);
    return person ? [{ user_id: person.id, read_seq: readSeq, delivered_seq: deliveredSeq }] : [];
  });
}

/** Everybody's cursors in a room, where it is small enough to tell them and one is in it; else one's own. */
export async function allCursors(
  ctx: Context,
  viewer: Pick<Actor, "key" | "id">,
  room: { key: number; is_lobby: boolean },
): Promise<Cursor[]> {
  const cursors = room.is_lobby ? undefined : await cursorsOf(ctx, room.key);
  if (!cursors?.some(({ userKey }) => userKey === viewer.key)) return [await ownCursor(ctx, viewer, room)];
  return wireCursors(ctx, viewer.key, cursors);
}
