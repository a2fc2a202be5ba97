import { Globe, Lock } from "lucide-react";
import { useId, useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { User } from "../../protocol/models.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { Choice, FormError, TextArea, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { Modal } from "../ui/modal.tsx";
import { PeoplePicker } from "./people-picker.tsx";

export function CreateRoom({ onClose }: { onClose(): void }) {
  const text = useText();
  const formId = useId();
  const { run, busy, error, fields } = useAction();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [type, setType] = useState<"public" | "private">("public");
  const [people, setPeople] = useState<readonly User[]>([]);
  const [tried, setTried] = useState(false);

  async function submit() {
    setTried(true);
    if (name.trim() === "") return;
    await run(async () => {
      const room = await parley.http.rooms.create({
        name: name.trim(),
        type,
        ...(description.trim() && { description: description.trim() }),
        ...(people.length > 0 && { member_ids: people.map(({ id }) => id) }),
      });
      if (room.skipped.length > 0) notify(text.create.skipped(room.skipped.length), "failed");
      onClose();
      navigate(paths.room(room.id));
    });
  }

  return (
    <Modal
      title={text.create.title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button type="submit" form={formId} look="primary" busy={busy}>
            {text.create.submit}
          </Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void submit()}>
        <TextField
          label={text.create.name}
          name="name"
          autoComplete="off"
          autoFocus
          maxLength={limits.roomNameChars}
          value={name}
          error={(tried && name.trim() === "" ? text.auth.required : undefined) ?? fields["name"]}
          onChange={({ target }) => setName(target.value)}
        />
        <TextArea
          label={text.create.description}
          optional
          rows={2}
          maxLength={limits.roomDescriptionChars}
          value={description}
          error={fields["description"]}
          onChange={({ target }) => setDescription(target.value)}
        />
        <RoomTypeChoice value={type} onChange={setType} />
      </Form>
      <h3 className="modal-subtitle">
        {text.create.people} <span className="field-optional">· {text.optional}</span>
      </h3>
      <PeoplePicker chosen={people} onChange={setPeople} />
      <FormError>{error}</FormError>
    </Modal>
  );
}

interface RoomTypeChoiceProps {
  value: "public" | "private";
  onChange(value: "public" | "private"): void;
}

export function RoomTypeChoice({ value, onChange }: RoomTypeChoiceProps) {
  const text = useText();
  return (
    <Choice
      label={text.rooms.kind}
      name="type"
      value={value}
      onChange={onChange}
      options={[
        {
          value: "public",
          label: text.rooms.publicRoom,
          hint: text.rooms.publicHint,
          icon: <Globe size={20} aria-hidden />,
        },
        {
          value: "private",
          label: text.rooms.privateRoom,
          hint: text.rooms.privateHint,
          icon: <Lock size={20} aria-hidden />,
        },
      ]}
    />
  );
}
