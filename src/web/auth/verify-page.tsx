import { useEffect, useState } from "react";
import { describeError } from "../app/describe-error.ts";
import { parley } from "../app/parley.ts";
import { usePhase } from "../app/session.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { AuthPage } from "./auth-page.tsx";

/** A token works once, and effects may run twice: each is used by one request only. */
const asked = new Map<string, Promise<void>>();

function verify(token: string): Promise<void> {
  const held = asked.get(token);
  if (held) return held;
  const asking = parley.http.auth.verifyEmail({ token });
  asked.set(token, asking);
  return asking;
}

/** Where a mailed link that confirms an address leads. */
export function VerifyPage({ token }: { token: string }) {
  const text = useText();
  const phase = usePhase();
  const [result, setResult] = useState<{ error: unknown } | "done" | null>(null);

  useEffect(() => {
    let isShown = true;
    verify(token).then(
      () => isShown && setResult("done"),
      (error: unknown) => isShown && setResult({ error }),
    );
    return () => {
      isShown = false;
    };
  }, [token]);

  return (
    <AuthPage title={text.auth.verifyTitle}>
      <div role="status">
        {result === null && <p className="muted">{text.auth.verifying}</p>}
        {result === "done" && <p className="form-done">{text.auth.verified}</p>}
        {result !== null && result !== "done" && <p className="form-error">{describeError(result.error, text)}</p>}
      </div>
      <div className="auth-links">
        {phase === "signed_in" ? (
          <Link to={paths.chats}>{text.auth.toChats}</Link>
        ) : (
          <Link to={paths.login}>{text.auth.toSignIn}</Link>
        )}
      </div>
    </AuthPage>
  );
}
