import type { Room } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";

/** When a room was last of interest: its latest message, else its making. */
export function latestAt(room: RoomState): string {
  const last = room.last_message;
  return last && !("is_hidden" in last) ? last.created_at : room.created_at;
}

/** By latest message, newest first. */
export function sortRooms(rooms: Readonly<Record<string, RoomState>>): RoomState[] {
  return Object.values(rooms).sort((a, b) => (latestAt(a) < latestAt(b) ? 1 : latestAt(a) > latestAt(b) ? -1 : 0));
}

/** Whether a room's name or description holds every word of the query, whatever the case or form. */
export function matches(room: Pick<Room, "name" | "description">, query: string, shownName: string): boolean {
  const plain = (text: string) => text.normalize("NFKC").toLowerCase();
  const searched = plain(`${shownName} ${room.name} ${room.description}`);
  return plain(query)
    .split(/\s+/)
    .every((word) => searched.includes(word));
}
