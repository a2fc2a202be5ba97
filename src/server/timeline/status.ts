import type { MessageStatus } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { cursorsOf, shownCursors, statusAt } from "./others.ts";

/** How far messages of the viewer's own have come, by `seq`; empty in rooms that do not tell. */
export async function statusesOf(
  ctx: Context,
  viewerKey: number,
  roomKey: number,
  own: readonly { seq: number }[],
): Promise<Map<number, MessageStatus>> {
  if (own.length === 0) return new Map();
  const cursors = await cursorsOf(ctx, roomKey);
  if (!cursors) return new Map();
  const shown = await shownCursors(ctx, viewerKey, cursors);
  const isOpen = (await people(ctx).byKey(viewerKey))?.privacy.read_receipts !== false;
  return new Map(own.map(({ seq }) => [seq, statusAt(seq, viewerKey, shown, isOpen)]));
}
