import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Message, TimelineMessage } from "../protocol/models.ts";
import { hearChange } from "./hear-change.ts";
import { changeHeld, heldMessage } from "./held-messages.ts";
import { changePins } from "./reduce-pins.ts";
import type { State } from "./state.ts";

type Changed = EventPayload<"reaction_changed">;

/** What frames say of reactions; every other frame changes nothing here. */
export function reduceReactions(state: State, frame: ServerFrame): State {
  if (frame.type !== "reaction_changed") return state;
  const { payload } = frame;
  const { message_id, rev } = payload;
  const heard = hearChange(state, payload.room_id, message_id, rev);
  const change = <M extends TimelineMessage>(message: M): M => {
    if (message.id !== message_id || message.rev >= rev) return message;
    if (!("reactions" in message)) return { ...message, rev };
    return { ...message, rev, reactions: reacted(message.reactions, payload, state.me?.id) };
  };
  return changePins(changeHeld(heard, payload.room_id, change), payload.room_id, change);
}

type Reactions = Message["reactions"];

/**
 * Counted from what is held, not taken from the frame: whoever has blocked somebody holds fewer, and is not told of theirs.
 * What is held is the message at its `rev`, so that nothing counts twice.
 */
function reacted(reactions: Reactions, { emoji, user_id, added }: Changed, myId: string | undefined): Reactions {
  const held = reactions.find((reaction) => reaction.emoji === emoji);
  const count = (held?.count ?? 0) + (added ? 1 : -1);
  const me = user_id === myId ? added : (held?.me ?? false);
  if (!held) return [...reactions, { emoji, count, me }];
  return reactions.flatMap((reaction) => (reaction !== held ? [reaction] : count > 0 ? [{ emoji, count, me }] : []));
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
