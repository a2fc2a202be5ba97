import { limits } from "../protocol/limits.ts";
import type { TimelineMessage } from "../protocol/models.ts";
import type { RoomState, Timeline } from "./state.ts";
import { endOf } from "./timeline.ts";

/** Whether a message counts as unread to `userId`: by somebody else, and something to read. */
export function counts(message: TimelineMessage, userId: string | null): boolean {
  if ("is_hidden" in message) return false;
  return message.type !== "system" && !message.is_deleted && !message.is_recalled && message.sender.id !== userId;
}

/** The room with its read cursor at `seq`, unless it is further already. */
export function readUpTo(room: RoomState, seq: number): RoomState {
  if (seq <= room.read_seq) return room;
  const left = Math.max(0, room.last_seq - seq);
  return { ...room, read_seq: seq, unread_count: Math.min(room.unread_count, left) };
}

/** Takes in news of a message: the room's last one, and one more to read. What is not newer was counted before. */
export function noteMessage(room: RoomState, message: TimelineMessage, userId: string | null): RoomState {
  if (message.seq < room.last_seq) return room;
  if (message.seq === room.last_seq) {
    return (room.last_message?.rev ?? -1) < message.rev ? { ...room, last_message: message } : room;
  }
  const next = { ...room, last_seq: message.seq, last_message: message };
  if (!("is_hidden" in message) && message.type !== "system" && message.sender.id === userId) {
    return { ...next, read_seq: message.seq, unread_count: 0, mention_count: 0 };
  }
  if (!counts(message, userId) || message.seq <= room.read_seq) return next;
  return { ...next, unread_count: Math.min(limits.unreadMax, room.unread_count + 1) };
}

/** The room with its unread messages counted anew, where its timeline holds all of them (or the most that are counted). */
export function recount(room: RoomState, timeline: Timeline | undefined, userId: string | null): RoomState {
  if (!timeline || endOf(timeline) !== room.last_seq) return room;
  const { messages } = timeline;
  let unread = 0;
  let index = messages.length - 1;
  for (; index >= 0 && unread < limits.unreadMax; index--) {
    const message = messages[index];
    if (!message || message.seq <= room.read_seq) break;
    if (counts(message, userId)) unread++;
  }
  const sawAll = unread === limits.unreadMax || index >= 0 || (messages[0]?.seq ?? 1) <= room.read_seq + 1;
  return sawAll && unread !== room.unread_count ? { ...room, unread_count: unread } : room;
}
