import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Message, TimelineMessage } from "../protocol/models.ts";
import { hear } from "./progress.ts";
import { patchRoom } from "./room-changes.ts";
import type { State } from "./state.ts";

type Changed = EventPayload<"reaction_changed">;

/** What frames say of reactions; every other frame changes nothing here. */
export function reduceReactions(state: State, frame: ServerFrame): State {
  if (frame.type !== "reaction_changed") return state;
  const { payload } = frame;
  const heard = hear(state, payload.room_id, payload.rev, { aboutRoom: false });
  return patchMessage(heard, payload.room_id, payload.message_id, (message) => reacted(message, payload, state.me?.id));
}

/**
 * Counted from what is held, not taken from the frame: whoever has blocked somebody holds fewer, and is not told of theirs.
 * What is held is the message at its `rev`, so that nothing counts twice.
 */
function reacted(message: Message, { emoji, user_id, added, rev }: Changed, myId: string | undefined): Message {
  if (message.rev >= rev) return message;
  const held = message.reactions.find((reaction) => reaction.emoji === emoji);
  const count = (held?.count ?? 0) + (added ? 1 : -1);
  const me = user_id === myId ? added : (held?.me ?? false);
  const reactions = held
    ? message.reactions.flatMap((reaction) =>
        reaction !== held ? [reaction] : count > 0 ? [{ emoji, count, me }] : [],
      )
    : [...message.reactions, { emoji, count, me }];
  return { ...message, rev, reactions };
}

/** Changes a message wherever it is held. */
function patchMessage(state: State, roomId: string, messageId: string, change: (message: Message) => Message): State {
  const patched = <M extends TimelineMessage>(message: M): M | Message =>
    message.id === messageId && "content" in message ? change(message) : message;
  let next = patchRoom(state, roomId, (room) => {
    const last_message = room.last_message && patched(room.last_message);
    return last_message === room.last_message ? room : { ...room, last_message };
  });
  const timeline = next.timelines[roomId];
  if (!timeline) return next;
  const [messages, ahead] = [timeline.messages, timeline.ahead].map((list) => {
    const index = list.findIndex(({ id }) => id === messageId);
    const held = list[index];
    return held ? list.with(index, patched(held)) : list;
  });
  if (messages && ahead && (messages !== timeline.messages || ahead !== timeline.ahead)) {
    next = { ...next, timelines: { ...next.timelines, [roomId]: { ...timeline, messages, ahead } } };
  }
  return next;
}

/** An event for the whole room does not say which reactions are one's own: that is known of the message as it is held. */
export function withOwnReactions(state: State, message: TimelineMessage): TimelineMessage {
  if (!("reactions" in message) || message.reactions.every(({ me }) => me !== undefined)) return message;
  const held = heldMessage(state, message.room_id, message.id);
  const mine = new Set(held?.reactions.flatMap(({ emoji, me }) => (me ? [emoji] : [])));
  return { ...message, reactions: message.reactions.map((each) => ({ ...each, me: each.me ?? mine.has(each.emoji) })) };
}

function heldMessage(state: State, roomId: string, messageId: string): Message | undefined {
  const { messages = [], ahead = [] } = state.timelines[roomId] ?? {};
  const candidates = [...messages, ...ahead, state.rooms[roomId]?.last_message];
  return candidates.find((each): each is Message => each?.id === messageId && "content" in each);
}
