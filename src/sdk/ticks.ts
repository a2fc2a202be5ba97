import type { MessageStatus, TimelineMessage } from "../protocol/models.ts";
import type { RoomState, State } from "./state.ts";

/**
 * How far a message of one's own has come: the lowest cursor of the others, where the room tells; null of whatever is not
 * one's own to ask about.
 */
export function statusOf(
  me: State["me"],
  room: Pick<RoomState, "cursors"> | undefined,
  message: TimelineMessage,
): MessageStatus | null {
  if ("is_hidden" in message || message.type === "system" || message.sender.id !== me?.id) return null;
  const others = room?.cursors?.filter(({ user_id }) => user_id !== me.id) ?? [];
  if (others.length === 0) return "sent";
  if (me.privacy.read_receipts && others.every(({ read_seq }) => read_seq >= message.seq)) return "read";
  return others.every(({ delivered_seq }) => delivered_seq >= message.seq) ? "delivered" : "sent";
}
