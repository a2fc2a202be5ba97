import type { Room } from "../../protocol/models.ts";
import { notify } from "../app/notices.ts";
import { describeError } from "../app/describe-error.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { roomName } from "./room-name.ts";

export function JoinButton({ room, isIn }: { room: Room; isIn: boolean }) {
  const text = useText();
  const { run, busy } = useAction();
  const name = roomName(room, text);
  if (isIn) {
    return (
      <Link className="button button-plain" to={paths.room(room.id)} aria-label={`${text.discover.open}: ${name}`}>
        {text.discover.open}
      </Link>
    );
  }
  if (room.max_members !== null && room.member_count >= room.max_members) {
    return <span className="muted">{text.discover.full}</span>;
  }
  async function join() {
    try {
      await parley.http.rooms.join(room.id);
      navigate(paths.room(room.id));
    } catch (error) {
      notify(describeError(error, text), "failed");
    }
  }
  return (
    <Button look="primary" busy={busy} onClick={() => void run(join)} aria-label={`${text.discover.join}: ${name}`}>
      {text.discover.join}
    </Button>
  );
}
