import type { Message, TimelineMessage } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { editMessage } from "./actions.tsx";

/** One's last message in a room, among those held, that can be edited. */
export function lastOwnMessage(room: RoomState): Message | undefined {
  const { me } = parley;
  const messages = parley.store.getSnapshot().timelines[room.id]?.messages ?? [];
  return messages.findLast(
    (message: TimelineMessage): message is Message =>
      !("is_hidden" in message) && editMessage.isAllowed({ message, room, me }),
  );
}
