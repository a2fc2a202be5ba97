import { BellOff, Lock } from "lucide-react";
import { limits } from "../../protocol/limits.ts";
import type { RoomState } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useDraft } from "../composer/drafts.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { counted } from "../notifications/counted.ts";
import { usePresence } from "../presence/presence.ts";
import { PersonAvatar } from "../presence/presence-dot.tsx";
import { typingText } from "../presence/typing-line.tsx";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { previewOf } from "./preview.ts";
import { roomName } from "./room-name.ts";
import { latestAt } from "./sort-rooms.ts";

interface RoomRowProps {
  room: RoomState;
  ownId: string | null;
  isOpen: boolean;
}

/** One room of the list, with what is new in it. */
export function RoomRow({ room, ownId, isOpen }: RoomRowProps) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const seen = usePresence(room.peer?.id);
  const typing = typingText(
    useParley((state) => state.typing[room.id]),
    text,
  );
  const draft = useDraft(ownId, room.id);
  const name = roomName(room, text);
  const at = new Date(latestAt(room));
  return (
    <li className="room-item">
      <Link
        className="room-row"
        to={paths.room(room.id)}
        aria-current={isOpen ? "page" : undefined}
        data-unread={room.unread_count > 0 || undefined}
      >
        <PersonAvatar
          id={room.peer?.id ?? room.id}
          name={name}
          url={room.peer ? room.peer.avatar_url : room.avatar_url}
          size="large"
          status={seen?.status}
        />
        <span className="room-row-text">
          <span className="room-row-line">
            <span className="room-row-name" dir="auto">
              {name}
            </span>
            {room.type === "private" && (
              <Lock className="room-row-mark" size={13} aria-label={text.rooms.privateRoom} />
            )}
            <time className="room-row-time" dateTime={at.toISOString()}>
              {format.brief(at, now)}
            </time>
          </span>
          <span className="room-row-line">
            <span className="room-row-preview" dir="auto">
              {typing !== "" ? (
                <span className="room-row-typing">{typing}</span>
              ) : draft !== "" && !isOpen ? (
                <>
                  <span className="room-row-draft">{text.rooms.draft}</span> {draft.slice(0, 200)}
                </>
              ) : (
                previewOf(room.last_message, ownId, text, room.type === "direct")
              )}
            </span>
            {room.notify_level === "none" && (
              <BellOff className="room-row-mark" size={13} aria-label={text.notifications.muted} />
            )}
            <Mentions count={room.mention_count} />
            <Unread count={room.unread_count} isQuiet={counted(room) === 0} />
          </span>
        </span>
      </Link>
    </li>
  );
}

/** That one was called among what is unread. */
function Mentions({ count }: { count: number }) {
  const text = useText();
  if (count === 0) return null;
  return (
    <span className="badge mention-badge">
      <span aria-hidden="true">@{count > 1 ? (count >= limits.unreadMax ? "99+" : count) : ""}</span>
      <span className="visually-hidden">{text.notifications.mentions(count)}</span>
    </span>
  );
}

function Unread({ count, isQuiet }: { count: number; isQuiet: boolean }) {
  const text = useText();
  if (count === 0) return null;
  const capped = count >= limits.unreadMax;
  return (
    <span className="badge" data-quiet={isQuiet || undefined}>
      <span aria-hidden="true">{capped ? "99+" : count}</span>
      <span className="visually-hidden">{text.rooms.unread(capped ? 99 : count, capped)}</span>
    </span>
  );
}
