import { useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { Me } from "../../protocol/models.ts";
import { notify } from "../app/notices.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { FormError, PasswordField, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { Modal } from "../ui/modal.tsx";

export function AccountPage() {
  const text = useText();
  const me = useParley((state) => state.me);
  const [deleting, setDeleting] = useState(false);
  if (me === null) return null;
  return (
    <div className="sections">
      <EmailForm me={me} />
      <PasswordForm me={me} />
      <section className="section">
        <h2>{text.settings.deleteAccount}</h2>
        <p className="muted">{text.settings.deleteAccountHint}</p>
        <Button look="danger" onClick={() => setDeleting(true)}>
          {text.settings.deleteAccount}
        </Button>
      </section>
      {deleting && <DeleteAccount onClose={() => setDeleting(false)} />}
    </div>
  );
}

function EmailForm({ me }: { me: Me }) {
  const text = useText();
  const { run, busy, error, fields } = useAction();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const isEmail = /^\S+@\S+$/.test(email.trim());

  async function submit() {
    setTried(true);
    if (!isEmail || password === "") return;
    if (!(await run(() => parley.http.users.changeEmail({ email: email.trim(), password })))) return;
    setSentTo(email.trim());
    setEmail("");
    setPassword("");
    setTried(false);
  }

  return (
    <section className="section">
      <h2>{text.settings.emailTitle}</h2>
      {me.email === null ? (
        <p className="muted">{text.settings.noEmail}</p>
      ) : (
        <p>
          <bdi>{me.email}</bdi>{" "}
          <span className="muted">
            ({me.email_verified ? text.settings.emailVerified : text.settings.emailUnverified})
          </span>
        </p>
      )}
      <Form onSubmit={() => void submit()}>
        <TextField
          label={text.auth.email}
          type="email"
          autoComplete="email"
          maxLength={limits.emailChars}
          value={email}
          error={(tried && !isEmail ? text.auth.emailInvalid : undefined) ?? fields["email"]}
          onChange={({ target }) => setEmail(target.value)}
        />
        <PasswordField
          label={text.settings.currentPassword}
          autoComplete="current-password"
          value={password}
          error={tried && password === "" ? text.auth.required : undefined}
          onChange={({ target }) => setPassword(target.value)}
        />
        <FormError>{error}</FormError>
        <p role="status" className={sentTo === null ? undefined : "form-done"}>
          {sentTo !== null && text.settings.emailSent(sentTo)}
        </p>
        <Button type="submit" busy={busy}>
          {text.settings.changeEmail}
        </Button>
      </Form>
    </section>
  );
}

function PasswordForm({ me }: { me: Me }) {
  const text = useText();
  const { run, busy, error, fields } = useAction();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [tried, setTried] = useState(false);
  const isTooShort = next.length < limits.passwordMinChars;

  async function submit() {
    setTried(true);
    if (old === "" || isTooShort) return;
    if (!(await run(() => parley.http.users.changePassword({ old_password: old, new_password: next })))) return;
    notify(text.settings.passwordChanged);
    setOld("");
    setNext("");
    setTried(false);
  }

  return (
    <section className="section">
      <h2>{text.settings.passwordTitle}</h2>
      <Form onSubmit={() => void submit()}>
        {/* Tells a password manager whose password this is. */}
        <input
          className="visually-hidden"
          aria-hidden
          tabIndex={-1}
          autoComplete="username"
          value={me.username}
          readOnly
        />
        <PasswordField
          label={text.settings.currentPassword}
          autoComplete="current-password"
          value={old}
          error={(tried && old === "" ? text.auth.required : undefined) ?? fields["old_password"]}
          onChange={({ target }) => setOld(target.value)}
        />
        <PasswordField
          label={text.auth.newPassword}
          hint={text.auth.passwordHint}
          autoComplete="new-password"
          value={next}
          error={(tried && isTooShort ? text.auth.passwordLength : undefined) ?? fields["new_password"]}
          onChange={({ target }) => setNext(target.value)}
        />
        <FormError>{error}</FormError>
        <Button type="submit" busy={busy}>
          {text.settings.changePassword}
        </Button>
      </Form>
    </section>
  );
}

function DeleteAccount({ onClose }: { onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const [password, setPassword] = useState("");

  async function remove() {
    if (password === "") return;
    if (await run(() => parley.http.users.deleteMe({ password }))) navigate(paths.chats, { replace: true });
  }

  return (
    <Modal
      title={text.settings.deleteAccountQuestion}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look="danger" busy={busy} disabled={password === ""} onClick={() => void remove()}>
            {text.settings.deleteAccount}
          </Button>
        </>
      }
    >
      <p className="muted">{text.settings.deleteAccountHint}</p>
      <PasswordField
        label={text.auth.password}
        autoComplete="current-password"
        value={password}
        onChange={({ target }) => setPassword(target.value)}
      />
      <FormError>{error}</FormError>
    </Modal>
  );
}
