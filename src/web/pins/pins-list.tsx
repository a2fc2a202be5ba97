import { Pin as PinIcon, PinOff } from "lucide-react";
import { useState } from "react";
import type { Pin } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { describeError } from "../app/describe-error.ts";
import { useParley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { mayPin } from "../reactions/reaction-rights.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { setPin } from "./pin-action.ts";
import { usePins } from "./use-pins.ts";

/** The others come when they are asked for, so that the members stay in sight. */
const shownAtFirst = 3;

/** What is pinned in a room, the newest first; each leads to its place in the conversation. */
export function PinsList({ room }: { room: RoomState }) {
  const text = useText();
  const me = useParley((state) => state.me);
  const { list, error } = usePins(room.id);
  const [isWhole, setWhole] = useState(false);
  const items = list?.items ?? [];
  if (items.length === 0 && error === null) return null;
  const shown = isWhole ? items : items.slice(0, shownAtFirst);
  return (
    <section className="pins" aria-label={text.pins.title}>
      <h2 className="pane-subtitle">{text.pins.title}</h2>
      {error !== null && <p className="pane-note">{describeError(error, text)}</p>}
      <ul>
        {shown.map((pin) => (
          <li key={pin.id} className="pin">
            <PinLink pin={pin} />
            {mayPin(room, me) && (
              <IconButton label={text.pins.unpin} onClick={() => void setPin(room.id, pin.id, false)}>
                <PinOff size={16} aria-hidden />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
      {shown.length < items.length && (
        <div className="list-more">
          <Button onClick={() => setWhole(true)}>{text.more}</Button>
        </div>
      )}
    </section>
  );
}

function PinLink({ pin }: { pin: Pin }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  return (
    <Link className="pin-link" to={paths.message(pin.room_id, pin.id)}>
      {"is_hidden" in pin ? (
        <span className="pin-text muted">{text.timeline.hidden}</span>
      ) : (
        <>
          <span className="pin-head">
            <bdi>{pin.sender.display_name}</bdi>
            <time className="muted" dateTime={pin.created_at}>
              {format.brief(new Date(pin.created_at), now)}
            </time>
          </span>
          <span className="pin-text" dir="auto">
            {pin.content}
          </span>
        </>
      )}
      <span className="pin-by muted">
        <PinIcon size={12} aria-hidden />
        {text.pins.by(pin.pinned_by.display_name)}
      </span>
    </Link>
  );
}
