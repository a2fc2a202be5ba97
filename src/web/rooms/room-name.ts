import type { Room } from "../../protocol/models.ts";
import type { Dictionary } from "../i18n/en.ts";

/** A room's name as people see it. The lobby has its own in every language, until somebody renames it; a direct room the other's. */
export function roomName(room: Pick<Room, "name" | "is_lobby" | "peer">, text: Dictionary): string {
  if (room.peer) return room.peer.display_name;
  return room.is_lobby && /^lobby$/i.test(room.name) ? text.rooms.lobby : room.name;
}
