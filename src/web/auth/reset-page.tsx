import { useState } from "react";
import { limits } from "../../protocol/limits.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Button } from "../ui/button.tsx";
import { FormError, PasswordField, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { AuthPage } from "./auth-page.tsx";

/** Asks for a reset link, which the server mails. */
export function ForgotPage() {
  const text = useText();
  const { run, busy, error } = useAction();
  const [email, setEmail] = useState("");
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState(false);
  const isEmail = /^\S+@\S+$/.test(email.trim());

  async function submit() {
    setTried(true);
    if (isEmail && (await run(() => parley.http.auth.forgotPassword({ email: email.trim() })))) setSent(true);
  }

  return (
    <AuthPage title={text.auth.forgotTitle} {...(!sent && { hint: text.auth.forgotHint })}>
      {sent ? (
        <p role="status" className="form-done">
          {text.auth.forgotSent}
        </p>
      ) : (
        <Form onSubmit={() => void submit()}>
          <TextField
            label={text.auth.email}
            type="email"
            name="email"
            autoComplete="email"
            maxLength={limits.emailChars}
            value={email}
            error={tried && !isEmail ? text.auth.emailInvalid : undefined}
            onChange={({ target }) => setEmail(target.value)}
          />
          <FormError>{error}</FormError>
          <Button type="submit" look="primary" busy={busy} className="button-wide">
            {text.auth.forgotSend}
          </Button>
        </Form>
      )}
      <div className="auth-links">
        <Link to={paths.login}>{text.auth.toSignIn}</Link>
      </div>
    </AuthPage>
  );
}

/** Where a mailed reset link leads. */
export function ResetPage({ token }: { token: string }) {
  const text = useText();
  const { run, busy, error, fields } = useAction();
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const [done, setDone] = useState(false);
  const isTooShort = password.length < limits.passwordMinChars;

  async function submit() {
    setTried(true);
    if (!isTooShort && (await run(() => parley.http.auth.resetPassword({ token, password })))) setDone(true);
  }

  return (
    <AuthPage title={text.auth.resetTitle} {...(!done && { hint: text.auth.resetHint })}>
      {done ? (
        <p role="status" className="form-done">
          {text.auth.resetDone}
        </p>
      ) : (
        <Form onSubmit={() => void submit()}>
          <PasswordField
            label={text.auth.newPassword}
            hint={text.auth.passwordHint}
            error={(tried && isTooShort ? text.auth.passwordLength : undefined) ?? fields["password"]}
            name="password"
            autoComplete="new-password"
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
          <FormError>{error}</FormError>
          <Button type="submit" look="primary" busy={busy} className="button-wide">
            {text.settings.changePassword}
          </Button>
        </Form>
      )}
      <div className="auth-links">
        <Link to={paths.login}>{text.auth.toSignIn}</Link>
      </div>
    </AuthPage>
  );
}
