import { useState } from "react";
import type { User } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { FormError } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";
import { PeoplePicker } from "./people-picker.tsx";

export function AddPeople({ room, onClose }: { room: RoomState; onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const members = useParley((state) => state.members[room.id]);
  const [chosen, setChosen] = useState<readonly User[]>([]);

  async function add() {
    if (chosen.length === 0) return;
    const user_ids = chosen.map(({ id }) => id);
    if (await run(() => parley.http.rooms.addMembers(room.id, { user_ids }))) onClose();
  }

  return (
    <Modal
      title={text.room.addPeople}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="primary" busy={busy} disabled={chosen.length === 0} onClick={() => void add()}>
            {chosen.length === 0 ? text.room.addPeople : text.room.add(chosen.length)}
          </Button>
        </>
      }
    >
      <PeoplePicker chosen={chosen} onChange={setChosen} members={members?.byId ?? {}} />
      <FormError>{error}</FormError>
    </Modal>
  );
}
