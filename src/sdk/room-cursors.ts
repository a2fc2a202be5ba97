import { limits } from "../protocol/limits.ts";
import type { StateStore } from "./actions.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";

/**
 * Loads everybody's cursors of a room that is looked at, for the ticks beside one's own messages. Direct rooms bring
 * theirs along; big ones have none. What comes later is told by events.
 */
export async function loadCursors({ store, http }: { store: StateStore; http: Http }, roomId: string): Promise<void> {
  const room = store.getSnapshot().rooms[roomId];
  if (!room || room.my_role === null || room.type === "direct") return;
  if (room.is_lobby || room.member_count > limits.statusMembers) return;
  try {
    const { data } = await http.messages.changes(roomId, { since_rev: room.rev, limit: 1 });
    store.dispatch({ type: "cursors_loaded", room_id: roomId, cursors: data.cursors });
  } catch (error) {
    // Without them the ticks stay as the last page had them; the next `ready` asks again.
    if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
  }
}
