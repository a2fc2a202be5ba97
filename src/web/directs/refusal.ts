import type { RoomState } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { roomName } from "../rooms/room-name.ts";

const reasons = ["BLOCKED", "FORBIDDEN", "USER_NOT_FOUND"] as const;

/** Why one cannot write in a conversation, as far as one can know: by one's own block, or by what was refused last. */
export function useRefusal(room: RoomState): string | null {
  const text = useText();
  const isBlocked = useParley((state) => room.peer !== undefined && room.peer.id in state.blocks);
  const refused = useParley((state) =>
    room.peer === undefined
      ? undefined
      : state.pending[room.id]?.findLast(({ status }) => status === "failed")?.error?.code,
  );
  if (room.peer === undefined) return null;
  const name = roomName(room, text);
  if (isBlocked) return text.directs.youBlocked(name);
  const reason = reasons.find((known) => known === refused);
  return reason === undefined ? null : text.directs.refused[reason](name);
}
