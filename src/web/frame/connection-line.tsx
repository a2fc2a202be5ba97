import { CloudOff, LoaderCircle, Wifi } from "lucide-react";
import { useEffect, useState } from "react";
import type { ConnectionState } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { connect } from "../app/session.ts";
import { useText } from "../i18n/use-text.ts";

/** A blink of the connection is nobody's business. */
const patienceMs = 800;
const reconnectedForMs = 2_000;
const quickTries = 5;
const tooManySockets = 4009;

/** `lost`: for long enough to say so; `back`: just restored after that. */
type Shown = "nothing" | "lost" | "back";

function useShown(status: ConnectionState["status"]): Shown {
  const [shown, setShown] = useState<Shown>("nothing");
  const isReady = status === "ready";
  useEffect(() => {
    if (!isReady) {
      const timer = setTimeout(() => setShown("lost"), patienceMs);
      return () => clearTimeout(timer);
    }
    setShown((before) => (before === "lost" ? "back" : before));
    const timer = setTimeout(() => setShown("nothing"), reconnectedForMs);
    return () => clearTimeout(timer);
  }, [isReady]);
  return shown;
}

/** How the connection stands: a thin line, never in the way. What is loaded stays readable. */
export function ConnectionLine() {
  const text = useText();
  const connection = useParley((state) => state.connection);
  const shown = useShown(connection.status);
  const { status, attempt, code } = connection;
  const isBack = shown === "back" && status === "ready";
  const isShown = isBack || (shown === "lost" && status !== "ready");
  const mayHurry = !isBack && (status === "closed" || attempt > quickTries);
  const isOffline = status === "offline";

  const said = isBack
    ? text.connection.reconnected
    : isOffline || (status === "waiting" && attempt > 1)
      ? text.connection.offline
      : status === "closed"
        ? code === tooManySockets
          ? text.connection.replaced
          : text.connection.closed
        : attempt > 1
          ? text.connection.offline
          : text.connection.connecting;

  return (
    <div className="connection-line" role="status" data-shown={isShown || undefined} data-back={isBack || undefined}>
      {isShown && (
        <>
          {isBack ? (
            <Wifi size={16} aria-hidden />
          ) : isOffline || status === "closed" ? (
            <CloudOff size={16} aria-hidden />
          ) : (
            <LoaderCircle className="spinning" size={16} aria-hidden />
          )}
          <span>{said}</span>
          {mayHurry && (
            <button type="button" className="link-button" onClick={connect}>
              {text.connection.tryNow}
            </button>
          )}
        </>
      )}
    </div>
  );
}
