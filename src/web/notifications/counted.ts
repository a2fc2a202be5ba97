import type { RoomState } from "../../sdk/state.ts";

/** How much of what is unread in a room calls for attention: by the level that its member has chosen. */
export function counted({ notify_level, unread_count, mention_count }: RoomState): number {
  if (notify_level === "none") return 0;
  return notify_level === "mentions" ? mention_count : unread_count;
}
