import { useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { Me } from "../../protocol/models.ts";
import { notify } from "../app/notices.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Field, FormError, TextArea, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";

const genders = ["male", "female", "other"] as const;

export function ProfilePage() {
  const me = useParley((state) => state.me);
  return me && <ProfileForm key={me.id} me={me} />;
}

function ProfileForm({ me }: { me: Me }) {
  const text = useText();
  const { run, busy, error, fields } = useAction();
  const [displayName, setDisplayName] = useState(me.display_name);
  const [statusText, setStatusText] = useState(me.status_text);
  const [bio, setBio] = useState(me.bio);
  const [gender, setGender] = useState<Me["gender"]>(me.gender);

  const changes = {
    ...(displayName.trim() !== me.display_name && { display_name: displayName.trim() }),
    ...(statusText.trim() !== me.status_text && { status_text: statusText.trim() }),
    ...(bio.trim() !== me.bio && { bio: bio.trim() }),
    ...(gender !== me.gender && { gender }),
  };
  const hasChanges = Object.keys(changes).length > 0;

  async function save() {
    if (displayName.trim() === "" || !hasChanges) return;
    if (await run(() => parley.http.users.update(changes))) notify(text.saved);
  }

  return (
    <Form onSubmit={() => void save()}>
      <div className="profile-head">
        <Avatar id={me.id} name={displayName || me.username} url={me.avatar_url} size="huge" />
        <div>
          <p className="settings-me-name">@{me.username}</p>
          <p className="muted">{text.settings.profileHint}</p>
        </div>
      </div>
      <TextField
        label={text.auth.displayName}
        autoComplete="name"
        maxLength={limits.displayNameChars}
        value={displayName}
        error={displayName.trim() === "" ? text.auth.required : fields["display_name"]}
        onChange={({ target }) => setDisplayName(target.value)}
      />
      <TextField
        label={text.settings.statusText}
        hint={text.settings.statusTextHint}
        optional
        autoComplete="off"
        maxLength={limits.statusTextChars}
        value={statusText}
        error={fields["status_text"]}
        onChange={({ target }) => setStatusText(target.value)}
      />
      <TextArea
        label={text.settings.bio}
        optional
        rows={4}
        maxLength={limits.bioChars}
        value={bio}
        error={fields["bio"]}
        onChange={({ target }) => setBio(target.value)}
      />
      <Field label={text.settings.gender} optional>
        {(ids) => (
          <select
            className="input"
            value={gender ?? ""}
            onChange={({ target }) => setGender(genders.find((known) => known === target.value) ?? null)}
            {...ids}
          >
            <option value="">{text.settings.genders.none}</option>
            {genders.map((known) => (
              <option key={known} value={known}>
                {text.settings.genders[known]}
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
  );
}
