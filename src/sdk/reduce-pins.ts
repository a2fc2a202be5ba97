import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Pin, TimelineMessage, UserRef } from "../protocol/models.ts";
import { heldMessage } from "./held-messages.ts";
import { hear } from "./progress.ts";
import type { PinList, State } from "./state.ts";

/** What frames say of pins, where a room's are held; every other frame changes nothing here. */
export function reducePins(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "pin_changed":
      return reducePinChanged(state, frame.payload);
    case "sync_batch": {
      const { room_id, pins, messages } = frame.payload;
      if (pins && state.pins[room_id]) return reducePinsLoaded(state, room_id, pins);
      const byId = new Map(messages.map((message) => [message.id, message]));
      return changePins(state, room_id, (pin) => {
        const now = byId.get(pin.id);
        return now && now.rev >= pin.rev ? pinOf(now, pin) : pin;
      });
    }
    case "message_deleted":
    case "message_recalled":
      return keepPins(state, frame.payload.room_id, ({ id }) => id !== frame.payload.id);
    case "conversation_cleared":
      return keepPins(state, frame.payload.room_id, ({ seq }) => seq > frame.payload.up_to_seq);
    case "message_updated":
      return changePins(state, frame.payload.room_id, (pin) => edited(pin, frame.payload));
    case "message_hidden":
      return changePins(state, frame.payload.room_id, (pin) => {
        const { id, room_id, seq, rev } = pin;
        return id === frame.payload.message_id ? pinOf({ id, room_id, seq, rev, is_hidden: true }, pin) : pin;
      });
    case "user_updated":
      return Object.keys(state.pins).reduce(
        (held, roomId) => changePins(held, roomId, (pin) => renamed(pin, frame.payload.user)),
        state,
      );
    // What is hidden from whom is another matter now.
    case "relationship_changed":
      return Object.keys(state.pins).length === 0 ? state : { ...state, pins: {} };
    default:
      return state;
  }
}

/** The event does not bring the message: one that is not held is asked for. */
function reducePinChanged(state: State, payload: EventPayload<"pin_changed">): State {
  const { room_id, message_id, is_pinned, by, at, rev } = payload;
  const heard = hear(state, room_id, rev, { aboutRoom: false });
  const list = heard.pins[room_id];
  if (!list) return heard;
  const others = list.items.filter(({ id }) => id !== message_id);
  const message = is_pinned ? heldMessage(heard, room_id, message_id) : undefined;
  const items = message ? [pinOf(message, { pinned_by: by, pinned_at: at }), ...others] : others;
  // An answer that is under way may be older than this.
  const isStale = list.isStale || list.loading || (is_pinned && !message);
  return setPins(heard, room_id, { ...list, items, isStale });
}

/** How far a message of one's own has come is told beside it, not among the pins. */
function pinOf(message: TimelineMessage, { pinned_by, pinned_at }: Pick<Pin, "pinned_by" | "pinned_at">): Pin {
  if ("is_hidden" in message) return { ...message, pinned_by, pinned_at };
  const { status: _, ...shown } = message;
  return { ...shown, pinned_by, pinned_at };
}

/** An event for the whole room does not know of one's own reactions, and an edit changes neither these nor what is quoted. */
function edited(pin: Pin, message: TimelineMessage): Pin {
  if (pin.id !== message.id || pin.rev >= message.rev) return pin;
  if ("is_hidden" in pin || "is_hidden" in message) {
    const { id, room_id, seq } = pin;
    return pinOf({ id, room_id, seq, rev: message.rev, is_hidden: true }, pin);
  }
  return pinOf({ ...message, reactions: pin.reactions, reply_to: pin.reply_to }, pin);
}

function renamed(pin: Pin, user: UserRef): Pin {
  const isSender = "sender" in pin && pin.sender.id === user.id;
  if (pin.pinned_by.id !== user.id && !isSender) return pin;
  const pinned_by = pin.pinned_by.id === user.id ? user : pin.pinned_by;
  return isSender ? { ...pin, pinned_by, sender: user } : { ...pin, pinned_by };
}

/** Changes what is pinned in a room, if it is held. */
export function changePins(state: State, roomId: string, change: (pin: Pin) => Pin): State {
  const list = state.pins[roomId];
  const items = list?.items.map(change);
  return !list || !items || items.every((pin, index) => pin === list.items[index])
    ? state
    : setPins(state, roomId, { ...list, items });
}

function keepPins(state: State, roomId: string, isKept: (pin: Pin) => boolean): State {
  const list = state.pins[roomId];
  const items = list?.items.filter(isKept);
  return !list || !items || items.length === list.items.length ? state : setPins(state, roomId, { ...list, items });
}

export function reducePinsRequested(state: State, roomId: string): State {
  return setPins(state, roomId, { items: state.pins[roomId]?.items ?? [], isStale: false, loading: true });
}

export function reducePinsLoaded(state: State, roomId: string, pins: readonly Pin[]): State {
  const list = state.pins[roomId];
  const isStale = list?.isStale === true && list.loading;
  return setPins(state, roomId, { items: pins.map((pin) => pinOf(pin, pin)), isStale, loading: false });
}

/** Nothing is held then, unless it was before. */
export function reducePinsFailed(state: State, roomId: string): State {
  const list = state.pins[roomId];
  return list ? setPins(state, roomId, { ...list, isStale: true, loading: false }) : state;
}

/** More has happened in the room than was told one by one. */
export function mistrustPins(state: State, roomId: string): State {
  const list = state.pins[roomId];
  return list ? setPins(state, roomId, { ...list, isStale: true }) : state;
}

function setPins(state: State, roomId: string, list: PinList): State {
  return { ...state, pins: { ...state.pins, [roomId]: list } };
}
