import type { Room } from "../../protocol/models.ts";
import type { Dictionary } from "../i18n/en.ts";

/** A room's name as people see it. The lobby has its own in every language, until somebody renames it. */
export function roomName(room: Pick<Room, "name" | "is_lobby">, text: Dictionary): string {
  return room.is_lobby && /^lobby$/i.test(room.name) ? text.rooms.lobby : room.name;
}
