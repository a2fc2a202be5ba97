import { type CSSProperties, lazy, Suspense, useEffect } from "react";
import { usePreferences } from "../app/preferences.ts";
import { connect } from "../app/session.ts";
import { useWidth, type Width } from "../app/use-media.ts";
import { useText } from "../i18n/use-text.ts";
import { Conversation } from "../rooms/conversation.tsx";
import { FriendOnline } from "../notifications/friend-online.tsx";
import { RoomsPane } from "../rooms/rooms-pane.tsx";
import { useActivity } from "../presence/presence.ts";
import type { Place } from "../routing/place.ts";
import { Loading } from "../ui/empty.tsx";
import { Announcer } from "../timeline/announcer.tsx";
import { ConnectionLine } from "./connection-line.tsx";
import { ListHandle } from "./list-handle.tsx";
import { Nav } from "./nav.tsx";
import { NotFound } from "./not-found.tsx";
import { PageTitle } from "./page-title.tsx";
import { RemovalNotices } from "./removal-notices.tsx";
import { Welcome } from "./welcome.tsx";

const Details = lazy(async () => ({ default: (await import("../rooms/details.tsx")).Details }));
const Discover = lazy(async () => ({ default: (await import("../rooms/discover.tsx")).Discover }));
const SearchPage = lazy(async () => ({ default: (await import("../search/search-page.tsx")).SearchPage }));
const NotificationsPage = lazy(async () => ({
  default: (await import("../notifications/notifications-page.tsx")).NotificationsPage,
}));
const Chat = lazy(async () => ({ default: (await import("../directs/chat.tsx")).Chat }));
const PeoplePage = lazy(async () => ({ default: (await import("../people/people-page.tsx")).PeoplePage }));
const PersonPage = lazy(async () => ({ default: (await import("../people/person-page.tsx")).PersonPage }));
const OpenedProfile = lazy(async () => ({ default: (await import("../people/profile-card.tsx")).OpenedProfile }));
const InvitePage = lazy(async () => ({ default: (await import("../moderation/invite-page.tsx")).InvitePage }));
const SettingsNav = lazy(async () => ({ default: (await import("../settings/settings.tsx")).SettingsNav }));
const SettingsContent = lazy(async () => ({ default: (await import("../settings/settings.tsx")).SettingsContent }));

interface FrameProps {
  place: Place;
  /** Nobody is signed in: public rooms may be looked at. */
  isGuest: boolean;
}

/** Which panes stand side by side. */
function panesOf(place: Place, width: Width) {
  const isRoot = place.name === "chats" || (place.name === "settings" && place.page === null);
  const panel = place.name === "room" ? place.panel : null;
  return {
    list: width === "wide" || isRoot,
    main: width === "wide" || !isRoot,
    /** On a phone the details take the conversation's place. */
    panel,
    mainHidden: width === "narrow" && panel !== null,
    tabs:
      width === "narrow" &&
      (isRoot ||
        place.name === "discover" ||
        place.name === "notifications" ||
        place.name === "people" ||
        (place.name === "search" && place.roomId === null)),
  };
}

export function Frame({ place, isGuest }: FrameProps) {
  const text = useText();
  const width = useWidth();
  const { listWidth } = usePreferences();
  const panes = panesOf(place, width);
  const isSettings = place.name === "settings" && !isGuest;

  useActivity(!isGuest);
  useEffect(() => {
    if (isGuest) connect();
  }, [isGuest]);

  return (
    <div className="frame" data-width={width} style={{ "--list-width": `${listWidth}px` } as CSSProperties}>
      <a className="skip-link" href="#content">
        {text.skipToContent}
      </a>
      {(width !== "narrow" || panes.tabs) && <Nav place={place} isGuest={isGuest} isTabs={width === "narrow"} />}
      <section
        className="list-pane"
        role={panes.main ? undefined : "main"}
        aria-label={isSettings ? text.settings.title : text.rooms.list}
        hidden={!panes.list}
      >
        {isSettings ? (
          <Suspense fallback={<Loading label={text.loading} />}>
            <SettingsNav page={place.page} />
          </Suspense>
        ) : (
          <RoomsPane openRoomId={place.name === "room" ? place.roomId : null} isGuest={isGuest} />
        )}
        {width === "wide" && <ListHandle />}
      </section>
      <main className="main-pane" id="content" tabIndex={-1} hidden={!panes.main || panes.mainHidden}>
        <Suspense fallback={<Loading label={text.loading} />}>
          {panes.main && <Main place={place} isGuest={isGuest} />}
        </Suspense>
      </main>
      {panes.panel !== null && place.name === "room" && (
        <Suspense fallback={null}>
          <Details roomId={place.roomId} panel={panes.panel} isGuest={isGuest} />
        </Suspense>
      )}
      <ConnectionLine />
      <Announcer openRoomId={place.name === "room" ? place.roomId : null} />
      <Suspense fallback={null}>
        <OpenedProfile />
      </Suspense>
      <PageTitle place={place} />
      <RemovalNotices place={place} />
      {!isGuest && <FriendOnline />}
    </div>
  );
}

function Main({ place, isGuest }: FrameProps) {
  switch (place.name) {
    case "room":
      return (
        <Conversation
          key={place.roomId}
          roomId={place.roomId}
          messageId={place.messageId}
          panel={place.panel}
          isGuest={isGuest}
        />
      );
    case "discover":
      return <Discover isGuest={isGuest} />;
    case "search":
      return <SearchPage key={place.roomId} q={place.q} roomId={place.roomId} isGuest={isGuest} />;
    case "notifications":
      return isGuest ? <NotFound /> : <NotificationsPage />;
    case "chat":
      return isGuest ? <NotFound /> : <Chat key={place.userId} userId={place.userId} />;
    case "people":
      return isGuest ? <NotFound /> : <PeoplePage />;
    case "person":
      return isGuest ? <NotFound /> : <PersonPage key={place.userId} userId={place.userId} />;
    case "settings":
      return <SettingsContent page={place.page ?? "profile"} />;
    case "invite":
      return <InvitePage key={place.code} code={place.code} />;
    case "chats":
    case "login":
    case "register":
    case "reset":
      return <Welcome place={place} />;
    default:
      return <NotFound />;
  }
}
