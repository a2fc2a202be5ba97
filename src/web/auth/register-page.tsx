import { useState } from "react";
import { limits } from "../../protocol/limits.ts";
import { parley } from "../app/parley.ts";
import { useServerInfo } from "../app/server-info.ts";
import { register } from "../app/session.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { FormError, PasswordField, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { AuthPage } from "./auth-page.tsx";

interface RegisterPageProps {
  /** From an invitation or set-up link. */
  code: string | null;
  isSetup: boolean;
}

const usernamePattern = /^[A-Za-z0-9_.-]{3,32}$/;

export function RegisterPage({ code, isSetup }: RegisterPageProps) {
  const text = useText();
  const info = useServerInfo();
  const { run, busy, error, fields } = useAction();
  const [input, setInput] = useState({ username: "", display_name: "", email: "", password: "", invite_code: "" });
  const [tried, setTried] = useState(false);

  const inviteCode = code ?? input.invite_code.trim();
  const needsCode = code === null && (isSetup || info?.registration === "invite");
  const problems = {
    username: usernamePattern.test(input.username) ? undefined : text.auth.usernameInvalid,
    email: input.email === "" || /^\S+@\S+$/.test(input.email) ? undefined : text.auth.emailInvalid,
    password: input.password.length < limits.passwordMinChars ? text.auth.passwordLength : undefined,
    invite_code: needsCode && inviteCode === "" ? text.auth.required : undefined,
  };

  /** A link into a room stays open: it is followed by who has an account now. */
  async function leadsIntoRoom(): Promise<boolean> {
    if (code === null || isSetup) return false;
    return parley.http.invites.preview(code).then(
      () => true,
      () => false,
    );
  }

  async function submit() {
    setTried(true);
    if (Object.values(problems).some((problem) => problem !== undefined)) return;
    const { username, password, email, display_name } = input;
    const done = await run(() =>
      register({
        username,
        password,
        ...(email.trim() && { email: email.trim() }),
        ...(display_name.trim() && { display_name: display_name.trim() }),
        ...(inviteCode && { invite_code: inviteCode }),
      }),
    );
    if (done && !(await leadsIntoRoom())) navigate(paths.chats, { replace: true });
  }

  const bind = (name: keyof typeof input) => ({
    name,
    value: input[name],
    onChange: ({ target }: { target: { value: string } }) => setInput({ ...input, [name]: target.value }),
  });
  const problem = (name: keyof typeof problems) => (tried ? problems[name] : undefined) ?? fields[name];
  const isOpen = info?.registration !== "closed" || code !== null || isSetup;
  const title = isSetup ? text.auth.setupTitle : text.auth.registerTitle;
  const hint = isSetup ? text.auth.setupHint : code !== null ? text.auth.invitedHint : undefined;

  return (
    <AuthPage title={title} {...(hint !== undefined && { hint })}>
      {isOpen ? (
        <Form onSubmit={() => void submit()}>
          <TextField
            label={text.auth.username}
            hint={text.auth.usernameHint}
            error={problem("username")}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={limits.usernameMaxChars}
            {...bind("username")}
          />
          <TextField
            label={text.auth.displayName}
            error={fields["display_name"]}
            optional
            autoComplete="name"
            maxLength={limits.displayNameChars}
            {...bind("display_name")}
          />
          <TextField
            label={text.auth.email}
            hint={text.auth.emailHint}
            error={problem("email")}
            optional
            type="email"
            autoComplete="email"
            maxLength={limits.emailChars}
            {...bind("email")}
          />
          <PasswordField
            label={text.auth.password}
            hint={text.auth.passwordHint}
            error={problem("password")}
            autoComplete="new-password"
            {...bind("password")}
          />
          {needsCode && (
            <TextField
              label={text.auth.inviteCode}
              error={problem("invite_code")}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={200}
              {...bind("invite_code")}
            />
          )}
          <FormError>{error}</FormError>
          <Button type="submit" look="primary" busy={busy} className="button-wide">
            {text.auth.register}
          </Button>
        </Form>
      ) : (
        <p className="form-error">{text.auth.closed}</p>
      )}
      <div className="auth-links">
        <p>
          {text.auth.haveAccount}{" "}
          <Link to={code === null || isSetup ? paths.login : paths.signInToInvite(code)}>{text.auth.signIn}</Link>
        </p>
        {info?.guests && <Link to={paths.discover}>{text.auth.lookAround}</Link>}
      </div>
    </AuthPage>
  );
}
