import type { TimelineMessage } from "../../protocol/models.ts";
import type { Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { visibleRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { messageById, page } from "../timeline/find.ts";
import { forViewer, personalOfOne } from "../timeline/for-viewer.ts";
import { onReplica, type ReadFrom } from "../timeline/on-replica.ts";

export interface HistoryInput {
  room_id: string;
  /** At most one of all: message ids, a number, an RFC 3339 time. None: the newest page. */
  before?: string | undefined;
  after?: string | undefined;
  around?: string | undefined;
  around_seq?: number | undefined;
  around_time?: string | undefined;
  limit: number;
}

export interface HistoryPage {
  messages: TimelineMessage[];
  /** Whether there are more in the direction asked for; around: older ones. */
  hasMore: boolean;
}

interface Found {
  rows: StoredMessage[];
  hasMore: boolean;
}

/** A page of a room's timeline, oldest first. Throws `ROOM_NOT_FOUND`, `MESSAGE_NOT_FOUND`. */
export async function history(ctx: Context, viewer: Viewer, input: HistoryInput): Promise<HistoryPage> {
  const room = await visibleRoom(ctx, viewer, input.room_id);
  const personal = viewer && (await personalOfOne(ctx, viewer.key));
  // A conversation begins anew where it was emptied: before that there is nothing.
  const floor = personal?.clearedIn(room.key) ?? 0;
  const found = await onReplica(ctx, [room.key], (from) => find(from, room.key, floor, input));
  return { messages: await forViewer(ctx, personal, room, found.rows), hasMore: found.hasMore };
}

async function find(ctx: ReadFrom, roomKey: number, floor: number, input: HistoryInput): Promise<Found> {
  const seqOf = async (id: string) => {
    const message = await messageById(ctx, roomKey, id);
    if (!message || message.seq <= floor) throw new AppError("MESSAGE_NOT_FOUND");
    return message.seq;
  };
  // One more than asked for tells whether there are more.
  const older = async (before: number, limit: number) => {
    const rows = await page(ctx, roomKey, { before }, limit + 1, floor);
    return { rows: rows.slice(-limit), hasMore: rows.length > limit };
  };
  if (input.after !== undefined) {
    const rows = await page(ctx, roomKey, { after: await seqOf(input.after) }, input.limit + 1);
    return { rows: rows.slice(0, input.limit), hasMore: rows.length > input.limit };
  }
  if (input.around !== undefined || input.around_seq !== undefined || input.around_time !== undefined) {
    const seq =
      input.around !== undefined
        ? await seqOf(input.around)
        : (input.around_seq ?? (await firstSince(ctx, roomKey, Date.parse(input.around_time ?? ""))));
    const before = await older(seq + 1, Math.ceil((input.limit + 1) / 2));
    const after = await page(ctx, roomKey, { after: seq }, input.limit - before.rows.length, floor);
    return { rows: [...before.rows, ...after], hasMore: before.hasMore };
  }
  return older(input.before === undefined ? Number.MAX_SAFE_INTEGER : await seqOf(input.before), input.limit);
}

/**
 * The number of the first message at `ms` or later, else of the last; 0 in an empty room. Times rise with the numbers, so
 * it takes some twenty looks at the index of numbers, and no index of times.
 */
async function firstSince(ctx: ReadFrom, roomKey: number, ms: number): Promise<number> {
  const [newest] = await page(ctx, roomKey, { before: Number.MAX_SAFE_INTEGER }, 1);
  let low = 1;
  let high = newest?.seq ?? 0;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [message] = await page(ctx, roomKey, { after: middle - 1 }, 1);
    if (message === undefined || message.created_at >= ms) high = middle;
    else low = middle + 1;
  }
  return high;
}
