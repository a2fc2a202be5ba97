import type { TimelineMessage } from "../protocol/models.ts";
import { patchRoom } from "./room-changes.ts";
import type { State } from "./state.ts";

type Change = (message: TimelineMessage) => TimelineMessage;

/** The list with every message as `change` gives it; the same one where it changes none. */
function changed<M extends TimelineMessage>(list: readonly M[], change: (message: M) => M): readonly M[] {
  let next: M[] | undefined;
  for (const [index, message] of list.entries()) {
    const now = change(message);
    if (now === message) continue;
    next ??= [...list];
    next[index] = now;
  }
  return next ?? list;
}

/** Changes messages wherever a room's are held: in its timeline and as its last one. */
export function changeHeld(state: State, roomId: string, change: Change): State {
  let next = patchRoom(state, roomId, (room) => {
    const last_message = room.last_message && change(room.last_message);
    return last_message === room.last_message ? room : { ...room, last_message };
  });
  const timeline = next.timelines[roomId];
  if (timeline) {
    const messages = changed(timeline.messages, change);
    const ahead = changed(timeline.ahead, change);
    if (messages !== timeline.messages || ahead !== timeline.ahead) {
      next = { ...next, timelines: { ...next.timelines, [roomId]: { ...timeline, messages, ahead } } };
    }
  }
  return next;
}

/** A message of a room, if it is held. */
export function heldMessage(state: State, roomId: string, messageId: string): TimelineMessage | undefined {
  const timeline = state.timelines[roomId];
  const is = ({ id }: TimelineMessage) => id === messageId;
  // Replies mostly answer what came last.
  const held = timeline && (timeline.messages.findLast(is) ?? timeline.ahead.find(is));
  const last = state.rooms[roomId]?.last_message;
  return held ?? (last && is(last) ? last : undefined);
}
