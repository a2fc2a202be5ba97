import { Bell, Compass, LogIn, MessageCircle, Search, Settings, Users } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { State } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { counted } from "../notifications/counted.ts";
import { PersonAvatar } from "../presence/presence-dot.tsx";
import { StatusDialog } from "../presence/status-dialog.tsx";
import { Link } from "../routing/link.tsx";
import { paths, type Place } from "../routing/place.ts";
import { Mark } from "../ui/mark.tsx";

interface NavProps {
  place: Place;
  isGuest: boolean;
  /** At the bottom of a phone instead of at the side. */
  isTabs: boolean;
}

export function Nav({ place, isGuest, isTabs }: NavProps) {
  const text = useText();
  const me = useParley((state) => state.me);
  const unread = useParley((state) => Object.values(state.rooms).some((room) => counted(room) > 0));
  const notifications = useParley((state) => state.notifications.unread);
  const requests = useParley((state) => countIncoming(state.friendRequests));
  const [isChoosing, setChoosing] = useState(false);
  const inChats = place.name === "chats" || place.name === "room" || place.name === "chat";

  return (
    <nav className={isTabs ? "tabs" : "rail"} aria-label={text.nav.label}>
      {!isTabs &&
        (me === null ? (
          <div className="rail-mark">
            <Mark size={40} />
          </div>
        ) : (
          <button
            type="button"
            className="rail-me"
            aria-label={`${me.display_name}. ${text.presence.yoursIs(text.presence[me.status])}`}
            title={me.display_name}
            onClick={() => setChoosing(true)}
          >
            <PersonAvatar id={me.id} name={me.display_name} url={me.avatar_url} status={me.status} />
          </button>
        ))}
      {!isGuest && (
        <NavLink to={paths.chats} label={text.nav.chats} current={inChats} dot={unread}>
          <MessageCircle size={22} aria-hidden />
        </NavLink>
      )}
      <NavLink
        to={paths.discover}
        label={text.nav.discover}
        current={place.name === "discover" || (isGuest && inChats)}
      >
        <Compass size={22} aria-hidden />
      </NavLink>
      {!isGuest && (
        <NavLink
          to={paths.people}
          label={text.nav.people}
          current={place.name === "people" || place.name === "person"}
          count={requests}
          counted={text.people.requestsWaiting(requests)}
        >
          <Users size={22} aria-hidden />
        </NavLink>
      )}
      {!isGuest && (
        <NavLink to={paths.search()} label={text.nav.search} current={place.name === "search"}>
          <Search size={22} aria-hidden />
        </NavLink>
      )}
      {!isGuest && (
        <NavLink
          to={paths.notifications}
          label={text.notifications.nav}
          current={place.name === "notifications"}
          count={notifications}
          counted={text.notifications.unread(notifications)}
        >
          <Bell size={22} aria-hidden />
        </NavLink>
      )}
      {!isTabs && <span className="rail-space" />}
      {isGuest ? (
        <NavLink to={paths.login} label={text.auth.signIn} current={false}>
          <LogIn size={22} aria-hidden />
        </NavLink>
      ) : (
        <NavLink to={paths.settings()} label={text.nav.settings} current={place.name === "settings"}>
          <Settings size={22} aria-hidden />
        </NavLink>
      )}
      {isChoosing && me !== null && <StatusDialog me={me} onClose={() => setChoosing(false)} />}
    </nav>
  );
}

function countIncoming(requests: State["friendRequests"]): number {
  return Object.values(requests).filter(({ direction }) => direction === "incoming").length;
}

interface NavLinkProps {
  to: string;
  label: string;
  current: boolean;
  dot?: boolean;
  /** What waits there, and in words. */
  count?: number;
  counted?: string;
  children: ReactNode;
}

function NavLink({ to, label, current, dot = false, count = 0, counted, children }: NavLinkProps) {
  return (
    <Link className="nav-link" to={to} title={label} aria-current={current ? "page" : undefined}>
      <span className="nav-icon">
        {children}
        {dot && <span className="nav-dot" />}
        {count > 0 && (
          <span className="badge nav-badge" aria-hidden="true">
            {count > 99 ? "99+" : count}
          </span>
        )}
      </span>
      <span className="nav-label">{label}</span>
      {count > 0 && <span className="visually-hidden">, {counted}</span>}
    </Link>
  );
}
