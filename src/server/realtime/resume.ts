import type { CommandHandlers, Context, Peer, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { rooms as directory, roomWithNumbers } from "../rooms/directory.ts";
import { visibleRoom } from "../rooms/policy.ts";
import { type Standing, standingsOf } from "../rooms/standings.ts";
import { allCursors } from "../rooms/wire-cursors.ts";
import { type Personal, personalOfOne } from "../timeline/for-viewer.ts";
import { ownCursor } from "../timeline/cursors.ts";
import { catchUp } from "./catch-up.ts";

/** What has gathered goes out together from this much on; then a slow peer may take its time. */
const charsTogether = 64 * 1024;

/** What changed in each room since the `rev` that the client has, one batch a room; `sync_reset` for another history. */
export const sync: CommandHandlers["sync"] = async (ctx, peer, { epoch, rooms }) => {
  if (epoch !== ctx.epoch) {
    peer.send("sync_reset", { epoch: ctx.epoch });
    return {};
  }
  const { viewer } = peer;
  const standings: ReadonlyMap<number, Standing> = viewer ? await standingsOf(ctx, viewer.key) : new Map();
  const personal = viewer && (await personalOfOne(ctx, viewer.key));
  let events: Parameters<Peer["sendTexts"]>[0][number][] = [];
  let chars = 0;
  const flush = () => {
    if (events.length > 0) peer.sendTexts(events);
    events = [];
    chars = 0;
  };
  try {
    for (const { room_id, rev } of rooms) {
      const event = await changed(ctx, { viewer, personal, standings }, room_id, rev);
      events.push(event);
      chars += event.payload.length;
      if (chars < charsTogether) continue;
      flush();
      await peer.drained();
    }
  } finally {
    flush();
  }
  return {};
};

interface Reader {
  viewer: Viewer;
  personal: Personal | null;
  standings: ReadonlyMap<number, Standing>;
}

async function changed(ctx: Context, reader: Reader, roomId: string, sinceRev: number) {
  try {
    const payload = await batch(ctx, reader, roomId, sinceRev);
    return { type: "sync_batch" as const, payload };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "ROOM_NOT_FOUND") throw error;
    // The removal may not have been heard here yet, with what was said before it: none of that is to follow this answer.
    const payload = JSON.stringify({ room_id: roomId, reason: "left" });
    return { type: "room_removed" as const, payload, leaves: roomId };
  }
}

async function batch(
  ctx: Context,
  { viewer, personal, standings }: Reader,
  roomId: string,
  sinceRev: number,
): Promise<string> {
  const known = await directory(ctx).byId(roomId);
  const standing = known && standings.get(known.key);
  if (viewer && standing) {
    const cursor = { user_id: viewer.id, read_seq: standing.readSeq, delivered_seq: standing.deliveredSeq };
    const cursors = known.type === "direct" ? await allCursors(ctx, viewer, known) : [cursor];
    return catchUp(ctx).text({ ...known, rev: standing.rev }, sinceRev, personal, cursors);
  }
  // A public room that one looks at without being a member; else it is refused here.
  const room = await visibleRoom(ctx, viewer, roomId);
  const { rev } = await roomWithNumbers(ctx, room.key);
  return catchUp(ctx).text({ ...room, rev }, sinceRev, personal, viewer ? [await ownCursor(ctx, viewer, room)] : []);
}
