import { useState } from "react";
import { useServerInfo } from "../app/server-info.ts";
import { acceptSignedOut, signIn, useWasSignedOut } from "../app/session.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { FormError, PasswordField, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { AuthPage } from "./auth-page.tsx";
import { deviceName } from "./device-name.ts";

/** `returning`: shown in place of what the person came for, which appears once they are signed in. */
export function LoginPage({ returning = false }: { returning?: boolean }) {
  const text = useText();
  const info = useServerInfo();
  const wasSignedOut = useWasSignedOut();
  const { run, busy, error } = useAction();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);

  async function submit() {
    setTried(true);
    if (name.trim() === "" || password === "") return;
    const who = name.includes("@") ? { email: name.trim() } : { username: name.trim() };
    const done = await run(() => signIn({ ...who, password, device_name: deviceName(navigator.userAgent, text) }));
    if (done && !returning) navigate(paths.chats, { replace: true });
  }

  const missing = (value: string) => (tried && value.trim() === "" ? text.auth.required : undefined);
  return (
    <AuthPage title={text.auth.signInTitle} {...(wasSignedOut && { hint: text.auth.signedOut })}>
      <Form onSubmit={() => void submit()}>
        <TextField
          label={text.auth.login}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={254}
          value={name}
          error={missing(name)}
          onChange={({ target }) => setName(target.value)}
        />
        <PasswordField
          label={text.auth.password}
          name="password"
          autoComplete="current-password"
          value={password}
          error={missing(password)}
          onChange={({ target }) => setPassword(target.value)}
        />
        <FormError>{error}</FormError>
        <Button type="submit" look="primary" busy={busy} className="button-wide">
          {text.auth.signIn}
        </Button>
      </Form>
      <div className="auth-links">
        <Link to={paths.forgot}>{text.auth.forgot}</Link>
        {info?.registration !== "closed" && (
          <p>
            {text.auth.noAccount} <Link to={paths.register}>{text.auth.register}</Link>
          </p>
        )}
        {info?.guests && (
          <Link to={paths.discover} onClick={acceptSignedOut}>
            {text.auth.lookAround}
          </Link>
        )}
      </div>
    </AuthPage>
  );
}
