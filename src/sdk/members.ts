import { limits } from "../protocol/limits.ts";
import type { Member } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import type { Http } from "./http.ts";
import type { Parley } from "./parley.ts";

interface MembersOptions {
  store: StateStore;
  http: Http;
  /** Called when a page may be out of step with events that came while it was under way. */
  onLoaded(roomId: string): void;
}

/** Pages loaded at once: all members of an ordinary room. */
const pagesAtOnce = limits.roomMembers / limits.pageMax;

/** Loads rooms' people into the store. */
export function createMembers({ store, http, onLoaded }: MembersOptions): Parley["members"] {
  async function load(roomId: string): Promise<void> {
    const state = store.getSnapshot();
    const held = state.members[roomId];
    if (held?.loading || held?.complete) return;
    const rev = state.rooms[roomId]?.rev ?? null;
    let page = 1 + Math.floor(Object.keys(held?.byId ?? {}).length / limits.pageMax);
    const last = page + pagesAtOnce;
    const members: Member[] = [];
    let complete = false;
    store.dispatch({ type: "members_requested", room_id: roomId });
    try {
      for (; page < last && !complete; page++) {
        const { data, meta } = await http.rooms.members(roomId, { page, per_page: limits.pageMax });
        members.push(...data);
        complete = !meta.has_more;
      }
      store.dispatch({ type: "members_loaded", room_id: roomId, members, complete, rev });
      onLoaded(roomId);
    } catch (error) {
      store.dispatch({ type: "members_failed", room_id: roomId });
      throw error;
    }
  }

  return {
    open: async (roomId) => {
      if (!store.getSnapshot().members[roomId]?.loaded) await load(roomId);
    },
    loadMore: load,
  };
}
