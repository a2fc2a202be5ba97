import { Lock, MessageCircleOff, PanelRight, Search } from "lucide-react";
import { useEffect } from "react";
import type { RoomState } from "../../sdk/state.ts";
import { keepLastRoom } from "../app/last-room.ts";
import { useParley } from "../app/parley.ts";
import { Composer } from "../composer/composer.tsx";
import { useText } from "../i18n/use-text.ts";
import { usePins } from "../pins/use-pins.ts";
import { PresenceText } from "../presence/presence-dot.tsx";
import { useReadOnOpen } from "../notifications/use-read-on-open.ts";
import { Link } from "../routing/link.tsx";
import { type Panel, paths } from "../routing/place.ts";
import { goBack, navigate } from "../routing/router.ts";
import { Timeline } from "../timeline/timeline.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { IconButton } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { BackButton } from "./back-button.tsx";
import { JoinBar } from "./join-bar.tsx";
import { roomName } from "./room-name.ts";
import { useRoom } from "./use-room.ts";

interface ConversationProps {
  roomId: string;
  /** A message to show and flash once. */
  messageId: string | null;
  panel: Panel | null;
  isGuest: boolean;
}

export function Conversation({ roomId, messageId, panel, isGuest }: ConversationProps) {
  const text = useText();
  const known = useRoom(roomId, isGuest);
  if (known.status === "found") {
    return <OpenRoom room={known.room} messageId={messageId} panel={panel} isGuest={isGuest} />;
  }
  if (known.status === "loading") {
    return (
      <>
        <header className="pane-header">
          <BackButton isGuest={isGuest} />
        </header>
        <Loading label={text.loading} />
      </>
    );
  }
  return (
    <Empty icon={<MessageCircleOff size={40} aria-hidden />} title={text.room.notFound} isPage>
      {isGuest && (
        <Link className="button button-primary" to={paths.login}>
          {text.auth.signIn}
        </Link>
      )}
      <Link className="button button-plain" to={isGuest ? paths.discover : paths.chats}>
        {isGuest ? text.nav.discover : text.notFound.home}
      </Link>
    </Empty>
  );
}

function OpenRoom({ room, messageId, panel, isGuest }: Omit<ConversationProps, "roomId"> & { room: RoomState }) {
  const ownId = useParley((state) => state.me?.id ?? null);
  const isMember = room.my_role !== null;
  // Which of its messages are pinned stands beside them.
  usePins(room.id);

  useReadOnOpen(room);
  useEffect(() => {
    if (ownId !== null && isMember) keepLastRoom(ownId, room.id);
  }, [ownId, isMember, room.id]);

  return (
    <>
      <RoomHeader room={room} panel={panel} isGuest={isGuest} />
      <Timeline room={room} ownId={ownId} messageId={messageId} isAside={panel !== null} />
      {isMember && ownId !== null ? <Composer room={room} ownId={ownId} /> : <JoinBar room={room} isGuest={isGuest} />}
    </>
  );
}

function RoomHeader({ room, panel, isGuest }: { room: RoomState; panel: Panel | null; isGuest: boolean }) {
  const text = useText();
  const name = roomName(room, text);
  const isOpen = panel !== null;
  return (
    <header className="pane-header">
      <BackButton isGuest={isGuest} />
      <Avatar id={room.peer?.id ?? room.id} name={name} url={room.peer ? room.peer.avatar_url : room.avatar_url} />
      <div className="pane-heading">
        <h1 className="pane-title" dir="auto">
          {name}
          {room.type === "private" && (
            <Lock className="pane-title-mark" size={14} aria-label={text.rooms.privateRoom} />
          )}
        </h1>
        <p className="pane-subtitle-line" dir="auto">
          {room.peer ? <PresenceText userId={room.peer.id} /> : text.rooms.memberCount(room.member_count)}
          {room.description !== "" && <> · {room.description.replace(/\s+/g, " ")}</>}
        </p>
      </div>
      <Link
        className="icon-button"
        to={paths.search("", room.id)}
        aria-label={text.search.inThisRoom}
        title={text.search.inThisRoom}
      >
        <Search size={20} aria-hidden />
      </Link>
      <IconButton
        label={isOpen ? text.room.hideDetails : text.room.details}
        aria-expanded={isOpen}
        onClick={() => (isOpen ? goBack(paths.room(room.id)) : navigate(paths.panel(room.id, "details")))}
      >
        <PanelRight size={20} aria-hidden className="flips" />
      </IconButton>
    </header>
  );
}
