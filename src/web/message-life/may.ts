import { mayIn, type RoomRightName } from "../../protocol/rights.ts";
import type { Message } from "../../protocol/models.ts";
import type { MessageHere } from "../timeline/message-actions.tsx";

/** Whether a message says nothing any more. */
export const isGone = (message: Message) => message.is_deleted || message.is_recalled;

/** Whether the person has a right in the message's room now, by the table that the server goes by. */
export function mayHere(right: RoomRightName, { room, me }: Omit<MessageHere, "message">): boolean {
  const isMuted = room.muted_until !== null && Date.parse(room.muted_until) > Date.now();
  return mayIn(right, { room, system: me?.role ?? null, role: room.my_role, isMuted });
}

/** Whether it is one's own and still says something. */
export function isOwnPresent({ message, me }: MessageHere): boolean {
  return me !== null && message.sender.id === me.id && message.type !== "system" && !isGone(message);
}
