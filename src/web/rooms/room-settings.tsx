import { useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { RoomState } from "../../sdk/state.ts";
import { notify } from "../app/notices.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { Field, FormError, TextArea, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { Modal } from "../ui/modal.tsx";
import { Bans } from "../moderation/bans.tsx";
import { slowModeOptions, slowModeText } from "../moderation/durations.tsx";
import { Invites } from "../moderation/invites.tsx";
import { RoomTypeChoice } from "./create-room.tsx";
import { rightsIn } from "./rights.ts";
import { roomName } from "./room-name.ts";

export function RoomSettings({ room }: { room: RoomState }) {
  const text = useText();
  const me = useParley((state) => state.me);
  const { run, busy, error, fields } = useAction();
  const [name, setName] = useState(room.name);
  const [description, setDescription] = useState(room.description);
  const [type, setType] = useState<"public" | "private">(room.type === "private" ? "private" : "public");
  const [maxMembers, setMaxMembers] = useState(room.max_members === null ? "" : String(room.max_members));
  const [slowMode, setSlowMode] = useState(room.slow_mode_s);
  const [deleting, setDeleting] = useState(false);
  const rights = rightsIn(room, me);

  const limit = Number(maxMembers);
  const changes = {
    ...(name.trim() !== room.name && { name: name.trim() }),
    ...(description.trim() !== room.description && { description: description.trim() }),
    ...(type !== room.type && { type }),
    ...(slowMode !== room.slow_mode_s && { slow_mode_s: slowMode }),
    ...(maxMembers !== "" && limit !== room.max_members && { max_members: limit }),
  };
  const hasChanges = Object.keys(changes).length > 0;

  async function save() {
    if (name.trim() === "" || !hasChanges) return;
    if (await run(() => parley.http.rooms.update(room.id, changes))) notify(text.saved);
  }

  if (!rights.changeSettings) return <p className="pane-note">{text.room.notFound}</p>;
  return (
    <div className="panel-page">
      <Form onSubmit={() => void save()}>
        <TextField
          label={text.create.name}
          autoComplete="off"
          maxLength={limits.roomNameChars}
          value={name}
          error={name.trim() === "" ? text.auth.required : fields["name"]}
          onChange={({ target }) => setName(target.value)}
        />
        <TextArea
          label={text.create.description}
          optional
          maxLength={limits.roomDescriptionChars}
          value={description}
          error={fields["description"]}
          onChange={({ target }) => setDescription(target.value)}
        />
        {!room.is_lobby && <RoomTypeChoice value={type} onChange={setType} />}
        {!room.is_lobby && (
          <TextField
            label={text.room.maxMembers}
            type="number"
            inputMode="numeric"
            min={1}
            max={limits.roomMembers}
            value={maxMembers}
            error={fields["max_members"]}
            onChange={({ target }) => setMaxMembers(target.value)}
          />
        )}
        <Field label={text.moderation.slowMode} hint={text.moderation.slowModeHint} error={fields["slow_mode_s"]}>
          {(ids) => (
            <select
              className="input"
              value={slowMode}
              onChange={({ target }) => setSlowMode(Number(target.value))}
              {...ids}
            >
              {slowModeOptions(room.slow_mode_s).map((seconds) => (
                <option key={seconds} value={seconds}>
                  {slowModeText(seconds, text)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <FormError>{error}</FormError>
        <Button type="submit" look="primary" busy={busy} disabled={!hasChanges}>
          {text.save}
        </Button>
      </Form>
      {rights.invite && <Invites roomId={room.id} />}
      {rights.ban && <Bans roomId={room.id} />}
      {rights.delete && (
        <div className="panel-danger">
          <Button look="danger" onClick={() => setDeleting(true)}>
            {text.room.delete}
          </Button>
        </div>
      )}
      {deleting && <DeleteRoom room={room} onClose={() => setDeleting(false)} />}
    </div>
  );
}

/** Nothing else destroys as much, so its name must be typed. */
function DeleteRoom({ room, onClose }: { room: RoomState; onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const [typed, setTyped] = useState("");
  const name = roomName(room, text);

  async function remove() {
    if (typed.trim() !== name) return;
    if (await run(() => parley.http.rooms.delete(room.id))) navigate(paths.chats, { replace: true });
  }

  return (
    <Modal
      title={text.room.deleteQuestion(name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="danger" busy={busy} disabled={typed.trim() !== name} onClick={() => void remove()}>
            {text.room.delete}
          </Button>
        </>
      }
    >
      <p className="muted">{text.room.deleteHint}</p>
      <TextField
        label={text.room.typeName(name)}
        autoComplete="off"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
      <FormError>{error}</FormError>
    </Modal>
  );
}
