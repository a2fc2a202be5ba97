import type { Quotation, TimelineMessage } from "../protocol/models.ts";
import { quotationOf } from "../protocol/quotation.ts";
import { changeHeld, heldMessage } from "./held-messages.ts";
import { changePins } from "./reduce-pins.ts";
import type { State } from "./state.ts";

/** Puts something else where a message is quoted, in all that is held of its room. */
export function requote(
  state: State,
  roomId: string,
  messageId: string,
  quote: (held: Quotation) => Quotation | null,
): State {
  const change = <M extends TimelineMessage>(message: M): M =>
    "reply_to" in message && message.reply_to?.id === messageId
      ? { ...message, reply_to: quote(message.reply_to) }
      : message;
  return changePins(changeHeld(state, roomId, change), roomId, change);
}

/** Where a message is quoted it stands as it is now. One that was never changed is quoted as it is already. */
export function followQuoted(state: State, message: TimelineMessage): State {
  if ("is_hidden" in message) return requote(state, message.room_id, message.id, () => null);
  const { is_edited, is_deleted, is_recalled } = message;
  if (!is_edited && !is_deleted && !is_recalled) return state;
  const held = heldMessage(state, message.room_id, message.id) ?? message;
  const now = "is_hidden" in held ? null : quotationOf(held);
  return requote(state, message.room_id, message.id, () => now);
}

/** A message on its way in, quoting what it quotes as that is held: its frame may be older, or for all eyes. */
export function withHeldQuotation(state: State, message: TimelineMessage): TimelineMessage {
  if (!("reply_to" in message) || message.reply_to === null) return message;
  const held = heldMessage(state, message.room_id, message.reply_to.id);
  if (!held) return message;
  return { ...message, reply_to: "is_hidden" in held ? null : quotationOf(held) };
}
