import { MessageCircleOff, MessagesSquare } from "lucide-react";
import { useEffect } from "react";
import type { User } from "../../protocol/models.ts";
import { useParley } from "../app/parley.ts";
import { Composer } from "../composer/composer.tsx";
import { useText } from "../i18n/use-text.ts";
import { BackButton } from "../rooms/back-button.tsx";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { PendingRow } from "../timeline/message-row.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { placeOfPerson, useDirectRoomId, usePerson } from "./use-direct.ts";

/** The conversation with a person: its room, or before the first message a place to write it. */
export function Chat({ userId }: { userId: string }) {
  const text = useText();
  const roomId = useDirectRoomId(userId);
  const loaded = useParley((state) => state.loaded);
  const ownId = useParley((state) => state.me?.id ?? null);
  const person = usePerson(userId);

  useEffect(() => {
    if (roomId === undefined) return;
    const wrote = document.activeElement?.classList.contains("composer-input") === true;
    navigate(paths.room(roomId), { replace: true });
    // Whoever has just written the first message goes on writing.
    if (wrote) requestAnimationFrame(() => document.querySelector<HTMLElement>(".composer-input")?.focus());
  }, [roomId]);

  if (roomId !== undefined || ownId === null) return null;
  if (person === "missing" || userId === ownId) {
    return (
      <Empty icon={<MessageCircleOff size={40} aria-hidden />} title={text.directs.nobody} isPage>
        <Link className="button button-plain" to={paths.chats}>
          {text.notFound.home}
        </Link>
      </Empty>
    );
  }
  if (person === "loading" || !loaded) return <Loading label={text.loading} />;
  return <FirstMessage peer={person} ownId={ownId} />;
}

function FirstMessage({ peer, ownId }: { peer: User; ownId: string }) {
  const text = useText();
  const room = placeOfPerson(peer);
  const waiting = useParley((state) => state.pending[room.id]) ?? [];
  return (
    <>
      <header className="pane-header">
        <BackButton isGuest={false} />
        <Avatar id={peer.id} name={peer.display_name} url={peer.avatar_url} />
        <div className="pane-heading">
          <h1 className="pane-title" dir="auto">
            {peer.display_name}
          </h1>
          <p className="pane-subtitle-line">@{peer.username}</p>
        </div>
      </header>
      <div className="chat-start" role="log" aria-label={text.timeline.label(peer.display_name)}>
        {waiting.length === 0 ? (
          <Empty icon={<MessagesSquare size={40} aria-hidden />} title={text.directs.first(peer.display_name)} />
        ) : (
          waiting.map((pending, index) => (
            <PendingRow key={pending.temp_id} pending={pending} startsRun={index === 0} />
          ))
        )}
      </div>
      <Composer room={room} ownId={ownId} receiverId={peer.id} />
    </>
  );
}
