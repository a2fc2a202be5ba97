import { useEffect } from "react";
import { useParley } from "../app/parley.ts";
import { useServerInfo } from "../app/server-info.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { counted } from "../notifications/counted.ts";
import { roomName } from "../rooms/room-name.ts";
import type { Place } from "../routing/place.ts";

/** What the window is called: what is unread, where one is, the server's name. */
export function PageTitle({ place }: { place: Place }) {
  const text = useText();
  const format = useFormat();
  const info = useServerInfo();
  const rooms = useParley((state) => state.rooms);
  const unread = Object.values(rooms).reduce((sum, room) => sum + counted(room), 0);
  const open = place.name === "room" ? rooms[place.roomId] : undefined;
  const here =
    open !== undefined
      ? roomName(open, text)
      : place.name === "discover"
        ? text.discover.title
        : place.name === "notifications"
          ? text.notifications.title
          : place.name === "people" || place.name === "person"
            ? text.people.title
            : place.name === "search"
              ? text.search.title
              : place.name === "settings"
                ? text.settings.title
                : null;
  const parts = [here, info?.name ?? text.appName].filter((part) => part !== null);
  const title = `${unread > 0 ? `(${unread > 99 ? "99+" : format.number(unread)}) ` : ""}${parts.join(" · ")}`;

  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
