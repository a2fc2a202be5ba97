import { ArrowLeft, Globe, Lock, LogOut, Settings, UserPlus, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import type { RoomState } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { useWidth } from "../app/use-media.ts";
import { AboutPeer } from "../directs/about-peer.tsx";
import { useText } from "../i18n/use-text.ts";
import { LevelDialog, levelIcons } from "../notifications/level-dialog.tsx";
import { PinsList } from "../pins/pins-list.tsx";
import { Link } from "../routing/link.tsx";
import { type Panel, paths } from "../routing/place.ts";
import { goBack, navigate } from "../routing/router.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconButton } from "../ui/button.tsx";
import { AddPeople } from "./add-people.tsx";
import { LeaveRoom } from "./leave-room.tsx";
import { Members } from "./members.tsx";
import { rightsIn } from "./rights.ts";
import { roomName } from "./room-name.ts";
import { RoomSettings } from "./room-settings.tsx";
import { useRoom } from "./use-room.ts";

interface DetailsProps {
  roomId: string;
  panel: Panel;
  isGuest: boolean;
}

/** What stands beside a conversation: about the room, its people, its settings. */
export function Details({ roomId, panel, isGuest }: DetailsProps) {
  const text = useText();
  const width = useWidth();
  const known = useRoom(roomId, isGuest);
  const close = () => goBack(paths.room(roomId));
  if (known.status !== "found") return null;
  const { room } = known;
  const inSettings = panel === "settings";

  function leaveByKey(event: KeyboardEvent) {
    if (event.key !== "Escape" || event.defaultPrevented || event.target instanceof HTMLDialogElement) return;
    close();
  }

  return (
    <>
      {width === "middle" && <div className="sheet-shade" onClick={close} />}
      <section
        className="details-pane"
        // On a phone it is all there is.
        role={width === "narrow" ? "main" : "complementary"}
        aria-label={inSettings ? text.room.settings : text.room.details}
        onKeyDown={leaveByKey}
      >
        <header className="pane-header">
          {(inSettings || width === "narrow") && (
            <IconButton
              label={text.back}
              onClick={() => goBack(inSettings ? paths.panel(roomId, "details") : paths.room(roomId))}
            >
              <ArrowLeft size={20} aria-hidden className="flips" />
            </IconButton>
          )}
          <h1 className="pane-title">{inSettings ? text.room.settings : text.room.details}</h1>
          {width !== "narrow" && (
            <IconButton label={text.close} onClick={() => navigate(paths.room(roomId))}>
              <X size={20} aria-hidden />
            </IconButton>
          )}
        </header>
        <div className="pane-scroll">
          {inSettings ? (
            <RoomSettings key={room.id} room={room} />
          ) : room.peer ? (
            <AboutPeer room={room} peer={room.peer} />
          ) : (
            <About room={room} isGuest={isGuest} />
          )}
        </div>
      </section>
    </>
  );
}

function About({ room, isGuest }: { room: RoomState; isGuest: boolean }) {
  const text = useText();
  const me = useParley((state) => state.me);
  const [open, setOpen] = useState<"people" | "leave" | "level" | null>(null);
  const rights = rightsIn(room, me);
  const name = roomName(room, text);
  const isPrivate = room.type === "private";
  return (
    <>
      <div className="about">
        <Avatar id={room.id} name={name} url={room.avatar_url} size="huge" />
        <h2 className="about-name" dir="auto">
          {name}
        </h2>
        <p className="about-kind">
          {isPrivate ? <Lock size={14} aria-hidden /> : <Globe size={14} aria-hidden />}
          {isPrivate ? text.rooms.privateRoom : text.rooms.publicRoom}
          {" · "}
          {text.rooms.memberCount(room.member_count)}
        </p>
        {room.description !== "" && (
          <p className="about-text" dir="auto">
            {room.description}
          </p>
        )}
        <div className="about-actions">
          {rights.addPeople && (
            <AboutAction icon={<UserPlus size={20} aria-hidden />} onClick={() => setOpen("people")}>
              {text.room.addPeople}
            </AboutAction>
          )}
          {room.my_role !== null && (
            <AboutAction icon={levelIcons[room.notify_level]} onClick={() => setOpen("level")}>
              {text.notifications.title}
            </AboutAction>
          )}
          {rights.changeSettings && room.my_role !== null && (
            <Link className="about-action" to={paths.panel(room.id, "settings")}>
              <Settings size={20} aria-hidden />
              <span>{text.nav.settings}</span>
            </Link>
          )}
          {rights.leave && (
            <AboutAction icon={<LogOut size={20} aria-hidden />} onClick={() => setOpen("leave")}>
              {text.room.leave}
            </AboutAction>
          )}
        </div>
      </div>
      <PinsList room={room} />
      <Members room={room} rights={rights} isGuest={isGuest} />
      {open === "people" && <AddPeople room={room} onClose={() => setOpen(null)} />}
      {open === "level" && <LevelDialog room={room} onClose={() => setOpen(null)} />}
      {open === "leave" && <LeaveRoom room={room} onClose={() => setOpen(null)} />}
    </>
  );
}

function AboutAction({ icon, onClick, children }: { icon: ReactNode; onClick(): void; children: ReactNode }) {
  return (
    <button type="button" className="about-action" onClick={onClick}>
      {icon}
      <span>{children}</span>
    </button>
  );
}
