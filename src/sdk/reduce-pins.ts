import type { ServerFrame } from "../protocol/events.ts";
import type { Pin } from "../protocol/models.ts";
import { hear } from "./progress.ts";
import { without } from "./room-changes.ts";
import type { PinList, State } from "./state.ts";

/** What frames say of pins, where a room's are held; every other frame changes nothing here. */
export function reducePins(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "pin_changed": {
      const { room_id, message_id, is_pinned, rev } = frame.payload;
      const heard = hear(state, room_id, rev, { aboutRoom: false });
      const list = heard.pins[room_id];
      if (!list) return heard;
      const items = is_pinned ? list.items : list.items.filter(({ id }) => id !== message_id);
      // What is new there has to be asked for: the event does not bring the message.
      return setPins(heard, room_id, { ...list, items, isStale: list.isStale || is_pinned });
    }
    case "sync_batch":
      return frame.payload.pins && state.pins[frame.payload.room_id]
        ? reducePinsLoaded(state, frame.payload.room_id, frame.payload.pins)
        : state;
    case "message_deleted":
    case "message_recalled": {
      const { room_id, id } = frame.payload;
      const list = state.pins[room_id];
      return list?.items.some((pin) => pin.id === id)
        ? setPins(state, room_id, { ...list, items: list.items.filter((pin) => pin.id !== id) })
        : state;
    }
    case "message_updated":
      return grownOld(state, frame.payload.room_id, frame.payload.id);
    case "message_hidden":
    case "reaction_changed":
      return grownOld(state, frame.payload.room_id, frame.payload.message_id);
    case "user_updated": {
      const { id } = frame.payload.user;
      const named = (pin: Pin) => pin.pinned_by.id === id || ("sender" in pin && pin.sender.id === id);
      return Object.entries(state.pins)
        .filter(([, { items }]) => items.some(named))
        .reduce((held, [roomId, list]) => setPins(held, roomId, { ...list, isStale: true }), state);
    }
    case "room_removed":
    case "room_deleted": {
      const pins = without(state.pins, frame.payload.room_id);
      return pins === state.pins ? state : { ...state, pins };
    }
    case "relationship_changed":
    case "sync_reset":
      return Object.keys(state.pins).length === 0 ? state : { ...state, pins: {} };
    default:
      return state;
  }
}

/** Among the pins is a message that is no longer what it was. */
function grownOld(state: State, roomId: string, messageId: string): State {
  const list = state.pins[roomId];
  return list?.items.some(({ id }) => id === messageId) ? setPins(state, roomId, { ...list, isStale: true }) : state;
}

export function reducePinsRequested(state: State, roomId: string): State {
  return setPins(state, roomId, { items: state.pins[roomId]?.items ?? [], isStale: false, loading: true });
}

export function reducePinsLoaded(state: State, roomId: string, items: readonly Pin[]): State {
  const isStale = state.pins[roomId]?.isStale === true && state.pins[roomId]?.loading === true;
  return setPins(state, roomId, { items, isStale, loading: false });
}

/** Nothing is held then, unless it was before. */
export function reducePinsFailed(state: State, roomId: string): State {
  const list = state.pins[roomId];
  return list ? setPins(state, roomId, { ...list, isStale: true, loading: false }) : state;
}

function setPins(state: State, roomId: string, list: PinList): State {
  return { ...state, pins: { ...state.pins, [roomId]: list } };
}
