import { useState } from "react";
import type { Member } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { FormError } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";
import { certainEndOf, DurationChoice, type Duration } from "./durations.tsx";

interface AboutMemberProps {
  room: RoomState;
  member: Pick<Member, "user_id" | "display_name">;
  onDone(): void;
  onClose(): void;
}

/** Takes somebody's voice for a while. */
export function MuteDialog({ room, member, onDone, onClose }: AboutMemberProps) {
  const text = useText();
  const { run, busy, error } = useAction();
  const [duration, setDuration] = useState<Duration>("hour");

  async function mute() {
    const body = { muted_until: certainEndOf(duration) };
    if (await run(() => parley.http.rooms.updateMember(room.id, member.user_id, body))) onDone();
  }

  return (
    <Modal
      title={text.moderation.muteQuestion(member.display_name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" busy={busy} onClick={() => void mute()}>
            {text.moderation.mute}
          </Button>
        </>
      }
    >
      <p className="muted">{text.moderation.muteHint}</p>
      <DurationChoice label={text.moderation.howLong} value={duration} onChange={setDuration} />
      <FormError>{error}</FormError>
    </Modal>
  );
}
