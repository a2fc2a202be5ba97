import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import type { RoomState } from "../../sdk/state.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Button } from "../ui/button.tsx";

/** In place of the composer, for whoever only looks. */
export function JoinBar({ room, isGuest }: { room: RoomState; isGuest: boolean }) {
  const text = useText();
  const { run, busy, error } = useAction();
  return (
    <footer className="join-bar">
      <p role="status">{error ?? (isGuest ? text.room.guestHint : text.room.joinHint)}</p>
      {isGuest ? (
        <div className="join-bar-actions">
          <Link className="button button-plain" to={paths.register}>
            {text.auth.register}
          </Link>
          <Link className="button button-primary" to={paths.login}>
            {text.auth.signIn}
          </Link>
        </div>
      ) : (
        <Button look="primary" busy={busy} onClick={() => void run(() => parley.http.rooms.join(room.id))}>
          {text.room.join}
        </Button>
      )}
    </footer>
  );
}
