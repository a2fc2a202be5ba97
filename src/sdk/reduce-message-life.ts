import type { EventPayload, EventSeen, ServerFrame } from "../protocol/events.ts";
import type { TimelineMessage } from "../protocol/models.ts";
import { hearChange } from "./hear-change.ts";
import { changeHeld, heldMessage } from "./held-messages.ts";
import { hear } from "./progress.ts";
import { requote } from "./quotations.ts";
import { reduceMessage } from "./reduce-messages.ts";
import { patchRoom } from "./room-changes.ts";
import type { State } from "./state.ts";
import { withOneLess } from "./unread.ts";

/** What frames say of messages that were edited, taken away or hidden; every other frame changes nothing here. */
export function reduceMessageLife(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "message_updated": {
      const { room_id, rev } = frame.payload;
      return reduceMessage(hear(state, room_id, rev, { aboutRoom: false }), withSeenReactions(state, frame.payload));
    }
    case "message_deleted":
      return reduceGone(state, frame.payload, { is_deleted: true });
    case "message_recalled":
      return reduceGone(state, frame.payload, { is_recalled: true });
    case "message_hidden":
      return reduceHidden(state, frame.payload);
    default:
      return state;
  }
}

/** An edit is told to everybody: of a message that one has hidden one sees no more than before. */
export function withoutHidden(state: State, frame: ServerFrame): ServerFrame {
  if (frame.type !== "message_updated") return frame;
  const { id, room_id, seq, rev } = frame.payload;
  const held = heldMessage(state, room_id, id);
  return held && "is_hidden" in held ? { ...frame, payload: { id, room_id, seq, rev, is_hidden: true } } : frame;
}

/**
 * An event for the whole room counts everybody's reactions. Who has blocked somebody holds fewer, and an edit changes none.
 */
function withSeenReactions(state: State, message: TimelineMessage): TimelineMessage {
  if ("is_hidden" in message || Object.keys(state.blocks).length === 0) return message;
  const held = heldMessage(state, message.room_id, message.id);
  return held && "reactions" in held ? { ...message, reactions: held.reactions } : message;
}

/** It keeps its place and says nothing any more. To whom it was hidden it is what it was, at a later `rev`. */
function reduceGone(
  state: State,
  payload: EventSeen<"message_deleted">,
  how: { is_deleted: true } | { is_recalled: true },
): State {
  const { id, room_id, rev, seq } = payload;
  const isNews = rev > (state.progress[room_id]?.synced ?? 0);
  const empty = { content: "", files: [], reactions: [], mentions: [], reply_to: null, ...how };
  let next = hearChange(state, room_id, id, rev);
  next = changeHeld(next, room_id, (message): TimelineMessage => {
    if (message.id !== id || message.rev >= rev) return message;
    return "is_hidden" in message ? { ...message, rev } : { ...message, ...empty, rev };
  });
  if ("is_hidden" in payload) return next;
  next = requote(next, room_id, id, (held) => ({ ...held, content: "" }));
  return isNews && payload.sender_id !== state.me?.id ? countWithout(next, room_id, seq) : next;
}

/** One's own doing, on this device or another. */
function reduceHidden(state: State, payload: EventPayload<"message_hidden">): State {
  const { room_id, message_id, seq, hidden_count } = payload;
  const isNews = hidden_count > (state.rooms[room_id]?.hidden_count ?? 0);
  let next = patchRoom(state, room_id, (room) => (isNews ? { ...room, hidden_count } : room));
  next = changeHeld(next, room_id, (message): TimelineMessage => {
    if (message.id !== message_id || "is_hidden" in message) return message;
    const { id, rev } = message;
    return { id, room_id, seq: message.seq, rev, is_hidden: true };
  });
  next = requote(next, room_id, message_id, () => null);
  return isNews ? countWithout(next, room_id, seq) : next;
}

function countWithout(state: State, roomId: string, seq: number): State {
  const userId = state.me?.id ?? null;
  return patchRoom(state, roomId, (room) => withOneLess(room, state.timelines[roomId], seq, userId));
}
