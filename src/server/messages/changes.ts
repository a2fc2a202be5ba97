import type { RoomChanges } from "../../protocol/models.ts";
import type { Context, Viewer } from "../context.ts";
import { roomWithNumbers } from "../rooms/directory.ts";
import { membersChangedSince } from "../rooms/members.ts";
import { visibleRoom } from "../rooms/policy.ts";
import { allCursors } from "../rooms/wire-cursors.ts";
import { wireRoom } from "../rooms/wire.ts";
import { changedSince, hiddenSince, sentSince } from "../timeline/changes-since.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { pinsFor } from "./pins.ts";
import { quotedBy, type Quoted } from "../timeline/quotations.ts";
import { forViewer, type Personal, personalOfOne } from "../timeline/for-viewer.ts";

/**
 * What changed in a room after `sinceRev`, each thing in its present state, oldest change first and at most `limit`
 * changes (those of one transaction stay together); with `has_more` one goes on from `rev`. With the cursors of all who are
 * in a room small enough to tell, else one's own. Throws `ROOM_NOT_FOUND`.
 */
export async function roomChanges(
  ctx: Context,
  viewer: Viewer,
  roomId: string,
  sinceRev: number,
  limit: number,
): Promise<RoomChanges> {
  const entry = await visibleRoom(ctx, viewer, roomId);
  const personal = viewer && (await personalOfOne(ctx, viewer.key));
  const { rev, has_more, ...changes } = (await changesFor(ctx, personal, entry.key, sinceRev, limit)).changes;
  return { ...changes, cursors: viewer ? await allCursors(ctx, viewer, entry) : [], rev, has_more };
}

/** What changed, the rows of the timeline among it, and what these quote. */
export interface Changes {
  changes: Omit<RoomChanges, "cursors">;
  rows: readonly StoredMessage[];
  quoted: Quoted;
}

/** {@link roomChanges} without the cursors; `personal` absent: as everybody sees them from whom nothing is hidden. */
export async function changesFor(
  ctx: Context,
  personal: Personal | null,
  roomKey: number,
  sinceRev: number,
  limit: number,
): Promise<Changes> {
  // Read first: what happens during the reads below lies beyond this `rev` and belongs to the next call.
  const room = await roomWithNumbers(ctx, roomKey);
  const [sent, changed, members, hidden] = await Promise.all([
    sentSince(ctx, room, sinceRev, limit + 1),
    changedSince(ctx, room.key, sinceRev, limit + 1),
    membersChangedSince(ctx, room, sinceRev, limit + 1),
    personal?.hidSince(room.key, sinceRev) ? hiddenSince(ctx, personal.userKey, room.key, sinceRev) : [],
  ]);
  const revs = [
    ...sent.map((row) => row.sent_rev),
    ...changed.map((row) => row.changed_rev ?? 0),
    ...members.map((row) => row.rev),
  ].sort((a, b) => a - b);
  const upTo = lastRevWithin(revs, limit, room.rev);
  // A message that was changed once more while this was read is told as it is now, not left out: its latest change comes
  // as an event as well, but the one before, which may be what was asked for, would never come.
  const isTold = (row: StoredMessage) => row.sent_rev <= upTo && (upTo === room.rev || (row.changed_rev ?? 0) <= upTo);
  const bySeq = new Map(
    [
      ...hidden.filter(({ rev }) => rev <= upTo).map(({ message }) => message),
      ...sent.filter((row) => row.sent_rev <= upTo),
      ...changed.filter(isTold),
    ].map((row) => [row.seq, row]),
  );
  const rows = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  const quoted = await quotedBy(ctx, rows);
  const inTime = members.filter((row) => row.rev <= upTo);
  const changes = {
    room_id: room.id,
    // Also when only its members changed: their count is the room's.
    ...((room.settings_rev > sinceRev || members.length > 0) && { room: await wireRoom(ctx, room) }),
    messages: await forViewer(ctx, personal, room, rows, quoted),
    members: inTime.flatMap((row) => (row.member ? [row.member] : [])),
    members_removed: inTime.flatMap((row) => (row.member ? [] : [row.user_id])),
    rev: upTo,
    has_more: upTo < room.rev,
  };
  if (room.pins_rev <= sinceRev) return { changes, rows, quoted };
  const pinned = await pinsFor(ctx, personal, room);
  return {
    changes: { ...changes, pins: pinned.pins },
    rows: [...rows, ...pinned.rows],
    quoted: new Map([...quoted, ...pinned.quoted]),
  };
}

/** The greatest `rev` up to which at most `limit` changes lie, without parting those that share one. */
export function lastRevWithin(revs: readonly number[], limit: number, roomRev: number): number {
  const beyond = revs[limit];
  if (beyond === undefined || beyond > roomRev) return roomRev;
  const before = revs.findLast((rev) => rev < beyond);
  // More than `limit` changes in one transaction cannot be parted: they go together.
  return before ?? beyond;
}
