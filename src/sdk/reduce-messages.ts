import type { EventPayload } from "../protocol/events.ts";
import type { Message, TimelineMessage } from "../protocol/models.ts";
import { followQuoted, withHeldQuotation } from "./quotations.ts";
import { movePending, withCursor, withWriter } from "./reduce-conversation.ts";
import { withOwnReactions } from "./reduce-reactions.ts";
import { patchRoom } from "./room-changes.ts";
import type { State } from "./state.ts";
import { endOf, receive } from "./timeline.ts";
import { noteMessage, readUpTo, recount } from "./unread.ts";

/**
 * A message in its present form, from an event, a page or a sync. `isAnswer`: of the same `rev` it counts; what is held was
 * perhaps made by events of which one was missed, as a count of reactions is.
 */
export function reduceMessage(state: State, received: TimelineMessage, { isAnswer = false } = {}): State {
  const message = withHeldQuotation(state, withOwnReactions(state, received));
  const roomId = message.room_id;
  // The conversation was emptied of it.
  if (message.seq <= (state.rooms[roomId]?.cleared_seq ?? 0)) return state;
  const timeline = state.timelines[roomId];
  const changed = timeline && receive(timeline, message, { isAnswer });
  let next = state;
  if (changed && changed !== timeline) {
    next = { ...next, timelines: { ...next.timelines, [roomId]: changed } };
  }
  const userId = state.me?.id ?? null;
  next = patchRoom(next, roomId, (room) =>
    recount(withWriter(noteMessage(room, message, userId), message, state.me), changed, userId),
  );
  next = followQuoted(next, message);
  return isOwn(state, message) ? dropPending(next, roomId, message.temp_id) : next;
}

export function reduceAck(state: State, { room_id, temp_id, seq }: EventPayload<"message_ack">): State {
  const opened = withRoomOf(state, room_id, temp_id);
  const pending = opened.pending[room_id];
  const marked = pending?.map((sent) =>
    sent.temp_id === temp_id ? { ...sent, status: "sent" as const, seq, error: null } : sent,
  );
  const next = marked ? { ...opened, pending: { ...opened.pending, [room_id]: marked } } : opened;
  return dropShown(reduceRead(next, room_id, seq), room_id);
}

/** Word of the room that a first message made may come after its ack: then the ack says what the room is. */
function withRoomOf(state: State, roomId: string, tempId: string): State {
  const isIt = ({ temp_id }: { temp_id: string }) => temp_id === tempId;
  if (state.pending[roomId]?.some(isIt)) return state;
  const place = Object.keys(state.pending).find((each) => state.pending[each]?.some(isIt));
  return place === undefined ? state : movePending(state, place, roomId);
}

/** Moves one's own read cursor, never back. */
export function reduceRead(state: State, roomId: string, seq: number): State {
  const userId = state.me?.id ?? null;
  const own = { user_id: userId ?? "", read_seq: seq, delivered_seq: seq };
  return patchRoom(state, roomId, (room) =>
    recount(withCursor(readUpTo(room, seq), own), state.timelines[roomId], userId),
  );
}

function isOwn(state: State, message: TimelineMessage): message is Message & { temp_id: string } {
  return "sender" in message && message.temp_id !== null && message.sender.id === state.me?.id;
}

function dropPending(state: State, roomId: string, tempId: string): State {
  const pending = state.pending[roomId];
  if (!pending?.some(({ temp_id }) => temp_id === tempId)) return state;
  const left = pending.filter(({ temp_id }) => temp_id !== tempId);
  return { ...state, pending: { ...state.pending, [roomId]: left } };
}

/** Drops acked sends that the timeline shows, or that nobody waits to see because no timeline is held. */
export function dropShown(state: State, roomId: string): State {
  const pending = state.pending[roomId];
  const timeline = state.timelines[roomId];
  const shownUpTo = timeline ? endOf(timeline) : Number.POSITIVE_INFINITY;
  const left = pending?.filter(({ seq }) => seq === null || seq > shownUpTo);
  if (!left || left.length === pending?.length) return state;
  return { ...state, pending: { ...state.pending, [roomId]: left } };
}
