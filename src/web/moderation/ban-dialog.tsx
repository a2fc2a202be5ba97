import { useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { Member } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { FormError, TextArea } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";
import { DurationChoice, endOf, type Duration } from "./durations.tsx";

interface BanDialogProps {
  room: RoomState;
  member: Pick<Member, "user_id" | "display_name">;
  onDone(): void;
  onClose(): void;
}

/** Puts somebody out and keeps them out. */
export function BanDialog({ room, member, onDone, onClose }: BanDialogProps) {
  const text = useText();
  const { run, busy, error, fields } = useAction();
  const [duration, setDuration] = useState<Duration>("forever");
  const [reason, setReason] = useState("");
  const [purge, setPurge] = useState(false);

  async function ban() {
    const body = { reason: reason.trim(), until: endOf(duration), purge };
    if (await run(() => parley.http.bans.put(room.id, member.user_id, body))) onDone();
  }

  return (
    <Modal
      title={text.moderation.banQuestion(member.display_name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="danger" busy={busy} onClick={() => void ban()}>
            {text.moderation.ban}
          </Button>
        </>
      }
    >
      <p className="muted">{room.is_lobby ? text.moderation.banLobbyHint : text.moderation.banHint}</p>
      <DurationChoice label={text.moderation.howLong} value={duration} onChange={setDuration} />
      <TextArea
        label={text.moderation.reason}
        optional
        maxLength={limits.banReasonChars}
        value={reason}
        error={fields["reason"]}
        onChange={({ target }) => setReason(target.value)}
      />
      <label className="check">
        <input type="checkbox" checked={purge} onChange={({ target }) => setPurge(target.checked)} />
        <span>{text.moderation.purge}</span>
      </label>
      <FormError>{error}</FormError>
    </Modal>
  );
}
