import type { StateStore } from "./actions.ts";
import type { Http } from "./http.ts";
import type { Parley } from "./parley.ts";

/** Loads rooms' pins into the store for whoever looks at them. */
export function createPins({ store, http }: { store: StateStore; http: Http }): Parley["pins"] {
  return {
    async open(roomId) {
      const held = store.getSnapshot().pins[roomId];
      if (held && (held.loading || !held.isStale)) return;
      store.dispatch({ type: "pins_requested", room_id: roomId });
      try {
        store.dispatch({ type: "pins_loaded", room_id: roomId, pins: await http.rooms.pins(roomId) });
      } catch (error) {
        store.dispatch({ type: "pins_failed", room_id: roomId });
        throw error;
      }
    },
  };
}
