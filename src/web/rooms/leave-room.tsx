import { ApiError } from "../../sdk/errors.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Confirm } from "../ui/modal.tsx";
import { roomName } from "./room-name.ts";

export function LeaveRoom({ room, onClose }: { room: RoomState; onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const isLast = room.member_count === 1;

  async function leave() {
    const done = await run(async () => {
      try {
        await parley.http.rooms.leave(room.id);
      } catch (refusal) {
        if (refusal instanceof ApiError && refusal.is("OWNER_MUST_TRANSFER")) {
          throw new ApiError({ status: 409, code: refusal.code, message: text.room.ownerMustTransfer });
        }
        throw refusal;
      }
    });
    if (!done) return;
    onClose();
    navigate(paths.chats, { replace: true });
  }

  return (
    <Confirm
      title={text.room.leaveQuestion(roomName(room, text))}
      hint={isLast ? text.room.leaveAlone : room.type === "private" ? text.room.leavePrivate : text.room.leavePublic}
      confirm={text.room.leave}
      danger
      busy={busy}
      error={error}
      onConfirm={() => void leave()}
      onClose={onClose}
    />
  );
}
