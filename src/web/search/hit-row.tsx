import type { HighlightPart, SearchHit } from "../../protocol/models.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Avatar } from "../ui/avatar.tsx";

interface HitRowProps {
  hit: SearchHit;
  /** Where it was said; null where that is plain. */
  roomName: string | null;
  onOpen(): void;
}

/** One find: who said it where and when, and the words around it. It leads to its place in the conversation. */
export function HitRow({ hit, roomName, onOpen }: HitRowProps) {
  const format = useFormat();
  const now = useNow();
  const at = new Date(hit.created_at);
  return (
    <li className="hit">
      <Link className="hit-link" to={paths.message(hit.room_id, hit.id)} data-hit={hit.id} onClick={onOpen}>
        <Avatar id={hit.sender.id} name={hit.sender.display_name} url={hit.sender.avatar_url} size="large" />
        <span className="room-row-text">
          <span className="room-row-line">
            <span className="room-row-name" dir="auto">
              {hit.sender.display_name}
            </span>
            {roomName !== null && (
              <span className="hit-room" dir="auto">
                {roomName}
              </span>
            )}
            <time className="room-row-time" dateTime={hit.created_at} title={format.exact(at)}>
              {format.brief(at, now)}
            </time>
          </span>
          <span className="hit-text" dir="auto">
            <Marked parts={hit.highlight} />
          </span>
        </span>
      </Link>
    </li>
  );
}

/** Text with what was found marked. */
function Marked({ parts }: { parts: readonly HighlightPart[] }) {
  return parts.map(({ text, is_match }, index) => (is_match ? <mark key={index}>{text}</mark> : text));
}
