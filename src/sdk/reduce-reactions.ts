import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Message, TimelineMessage } from "../protocol/models.ts";
import { changeHeld, heldMessage } from "./held-messages.ts";
import { hear } from "./progress.ts";
import type { State } from "./state.ts";

type Changed = EventPayload<"reaction_changed">;

/** What frames say of reactions; every other frame changes nothing here. */
export function reduceReactions(state: State, frame: ServerFrame): State {
  if (frame.type !== "reaction_changed") return state;
  const { payload } = frame;
  const heard = hear(state, payload.room_id, payload.rev, { aboutRoom: false });
  const { message_id, rev } = payload;
  return changeHeld(heard, payload.room_id, (message): TimelineMessage => {
    if (message.id !== message_id || message.rev >= rev) return message;
    return "is_hidden" in message ? { ...message, rev } : reacted(message, payload, state.me?.id);
  });
}

/**
 * Counted from what is held, not taken from the frame: whoever has blocked somebody holds fewer, and is not told of theirs.
 * What is held is the message at its `rev`, so that nothing counts twice.
 */
function reacted(message: Message, { emoji, user_id, added, rev }: Changed, myId: string | undefined): Message {
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

/**
 * An event for the whole room does not say which reactions are one's own, and counts those of the blocked: both are known
 * of the message as it is held. An edit changes none.
 */
export function withOwnReactions(state: State, message: TimelineMessage): TimelineMessage {
  if (!("reactions" in message) || message.reactions.every(({ me }) => me !== undefined)) return message;
  const held = heldMessage(state, message.room_id, message.id);
  if (held && "reactions" in held) return { ...message, reactions: held.reactions };
  return { ...message, reactions: message.reactions.map((each) => ({ ...each, me: each.me ?? false })) };
}
