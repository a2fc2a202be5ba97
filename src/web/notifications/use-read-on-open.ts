import { useEffect } from "react";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";

/**
 * Whoever opens a room in which all is read has still read what they were told of it: that they were added, that somebody
 * reacted. The server says which these are.
 */
export function useReadOnOpen(room: RoomState): void {
  useEffect(() => {
    const { rooms, notifications } = parley.store.getSnapshot();
    const held = rooms[room.id];
    const last = held?.last_message;
    if (!held || held.my_role === null || !last || held.read_seq < held.last_seq || notifications.unread === 0) return;
    // Unreached, nothing is lost: they stay unread.
    parley.http.messages.markRead(room.id, last.id).catch(() => {});
  }, [room.id]);
}
