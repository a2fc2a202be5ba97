import { CloudOff } from "lucide-react";
import { lazy, Suspense } from "react";
import { LoginPage } from "../auth/login-page.tsx";
import { useText } from "../i18n/use-text.ts";
import { usePlace } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { Mark } from "../ui/mark.tsx";
import { Notices } from "../ui/notices.tsx";
import { Frame } from "../frame/frame.tsx";
import { useServerInfo } from "./server-info.ts";
import { start, usePhase, useWasSignedOut } from "./session.ts";

// Pages for once in a while.
const RegisterPage = lazy(async () => ({ default: (await import("../auth/register-page.tsx")).RegisterPage }));
const ForgotPage = lazy(async () => ({ default: (await import("../auth/reset-page.tsx")).ForgotPage }));
const ResetPage = lazy(async () => ({ default: (await import("../auth/reset-page.tsx")).ResetPage }));
const VerifyPage = lazy(async () => ({ default: (await import("../auth/verify-page.tsx")).VerifyPage }));

export function App() {
  return (
    <>
      <Suspense fallback={<Splash />}>
        <Screen />
      </Suspense>
      <Notices />
    </>
  );
}

function Screen() {
  const place = usePlace();
  const phase = usePhase();
  const info = useServerInfo();
  const wasSignedOut = useWasSignedOut();

  // These two work with the code of a mailed link, whoever is signed in.
  if (place.name === "verify") return <VerifyPage key={place.token} token={place.token} />;
  if (place.name === "reset" && place.token !== null) return <ResetPage key={place.token} token={place.token} />;

  if (phase === "starting") return <Splash />;
  if (phase === "unreachable") return <Unreachable />;
  if (phase === "signed_in") return <Frame place={place} isGuest={false} />;
  const isPublic =
    place.name === "discover" || place.name === "room" || (place.name === "search" && place.roomId !== null);
  if (info?.guests && isPublic && !wasSignedOut) return <Frame place={place} isGuest />;
  switch (place.name) {
    case "register":
      return <RegisterPage code={place.code} isSetup={place.isSetup} />;
    case "invite":
      return place.isSigningIn ? <LoginPage returning /> : <RegisterPage code={place.code} isSetup={false} />;
    case "reset":
      return <ForgotPage />;
    case "login":
    case "chats":
      return <LoginPage />;
    default:
      return <LoginPage returning />;
  }
}

function Splash() {
  const text = useText();
  return (
    <div className="splash" role="status">
      <Mark size={64} />
      <span className="visually-hidden">{text.loading}</span>
    </div>
  );
}

function Unreachable() {
  const text = useText();
  return (
    <main className="auth" id="content">
      <Empty
        icon={<CloudOff size={40} aria-hidden />}
        title={text.auth.unreachableTitle}
        hint={text.offlineError}
        isPage
      >
        <Button look="primary" onClick={() => void start()}>
          {text.tryAgain}
        </Button>
      </Empty>
    </main>
  );
}
