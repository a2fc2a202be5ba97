import { limits } from "../protocol/limits.ts";
import type { StateStore } from "./actions.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";

/**
 * Loads everybody's cursors of a room that is looked at, for the ticks beside one's own messages. Big rooms have none. What
 * comes later is told by events.
 */
export async function loadCursors({ store, http }: { store: StateStore; http: Http }, roomId: string): Promise<void> {
  const room = store.getSnapshot().rooms[roomId];
  if (!room || room.my_role === null) return;
  if (room.is_lobby || room.member_count > limits.statusMembers) return;
  try {
    const { data } = await http.messages.changes(roomId, { since_rev: room.rev, limit: 1 });
    store.dispatch({ type: "cursors_loaded", room_id: roomId, cursors: data.cursors });
  } catch (error) {
    // Without them the ticks stay as the last page had them; the next `ready` asks again.
    if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
  }
}

/** Whoever keeps their receipts to themselves no longer sees the others': all that is held is asked for anew. */
export function reloadCursors(options: { store: StateStore; http: Http }): void {
  const { me, rooms } = options.store.getSnapshot();
  for (const { id, cursors } of Object.values(rooms)) {
    const isBlank = cursors?.some(({ user_id, read_seq }) => user_id !== me?.id && read_seq === 0);
    if (isBlank && me?.privacy.read_receipts) void loadCursors(options, id);
  }
}
