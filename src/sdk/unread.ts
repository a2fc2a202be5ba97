import { limits } from "../protocol/limits.ts";
import type { TimelineMessage } from "../protocol/models.ts";
import { mentions } from "./mentions.ts";
import type { RoomState, Timeline } from "./state.ts";
import { endOf, supersedes } from "./timeline.ts";

/** Every message that comes is counted with those before it: of a long way back they are not looked at again. */
const lookedAtMax = 1_000;

/** Whether a message counts as unread to `userId`: by somebody else, and something to read. */
export function counts(message: TimelineMessage, userId: string | null): boolean {
  if ("is_hidden" in message) return false;
  return message.type !== "system" && !message.is_deleted && !message.is_recalled && message.sender.id !== userId;
}

/** The room with its read cursor at `seq`, unless it is further already. */
export function readUpTo(room: RoomState, seq: number): RoomState {
  if (seq <= room.read_seq) return room;
  const left = Math.max(0, room.last_seq - seq);
  const unread_count = Math.min(room.unread_count, left);
  return { ...room, read_seq: seq, unread_count, mention_count: Math.min(room.mention_count, unread_count) };
}

/** Takes in news of a message: the room's last one, and one more to read. What is not newer was counted before. */
export function noteMessage(room: RoomState, message: TimelineMessage, userId: string | null): RoomState {
  if (message.seq < room.last_seq) return room;
  if (message.seq === room.last_seq) {
    return !room.last_message || supersedes(message, room.last_message) ? { ...room, last_message: message } : room;
  }
  const next = { ...room, last_seq: message.seq, last_message: message };
  if (!("is_hidden" in message) && message.type !== "system" && message.sender.id === userId) {
    return { ...next, read_seq: message.seq, unread_count: 0, mention_count: 0 };
  }
  if (!counts(message, userId) || message.seq <= room.read_seq) return next;
  const unread_count = Math.min(limits.unreadMax, room.unread_count + 1);
  if (!mentions(message, userId)) return { ...next, unread_count };
  return { ...next, unread_count, mention_count: Math.min(limits.unreadMax, room.mention_count + 1) };
}

/** The room with its unread messages counted anew, where its timeline holds all of them (or the most that are counted). */
export function recount(room: RoomState, timeline: Timeline | undefined, userId: string | null): RoomState {
  if (!timeline || endOf(timeline) !== room.last_seq) return room;
  const unread = countBack(room, timeline, (message) => counts(message, userId));
  // Fewer than the unread ones, so that the timeline may hold all of them and not all of these.
  const mentioned = countBack(room, timeline, (message) => counts(message, userId) && mentions(message, userId));
  const unread_count = unread ?? room.unread_count;
  const mention_count = mentioned ?? room.mention_count;
  const isSame = unread_count === room.unread_count && mention_count === room.mention_count;
  return isSame ? room : { ...room, unread_count, mention_count };
}

/** The room without one message that was counted: counted anew where its timeline tells, else one less. */
export function withOneLess(
  room: RoomState,
  timeline: Timeline | undefined,
  seq: number,
  userId: string | null,
): RoomState {
  const isTold = timeline && endOf(timeline) === room.last_seq && countBack(room, timeline, () => false) !== undefined;
  if (isTold) return recount(room, timeline, userId);
  // Of more than are counted it is not known how many more.
  if (seq <= room.read_seq || room.unread_count === 0 || room.unread_count >= limits.unreadMax) return room;
  const unread_count = room.unread_count - 1;
  return { ...room, unread_count, mention_count: Math.min(room.mention_count, unread_count) };
}

/** How many messages after the cursor count, up to the most that are counted; `undefined` where some may not be held. */
function countBack(
  { read_seq }: RoomState,
  { messages }: Timeline,
  isCounted: (message: TimelineMessage) => boolean,
): number | undefined {
  let counted = 0;
  for (let index = messages.length - 1; index >= 0; index--) {
    if (messages.length - index > lookedAtMax) return undefined;
    const message = messages[index];
    if (!message || message.seq <= read_seq) return counted;
    if (isCounted(message) && ++counted === limits.unreadMax) return counted;
  }
  return (messages[0]?.seq ?? 1) <= read_seq + 1 ? counted : undefined;
}
