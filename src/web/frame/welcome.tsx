import { useEffect } from "react";
import { useParley } from "../app/parley.ts";
import { lastRoomOf } from "../app/last-room.ts";
import { useText } from "../i18n/use-text.ts";
import { paths, type Place } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Loading } from "../ui/empty.tsx";

/** Beside the list, where there is room for both: the room that was open last, or the lobby. */
export function Welcome({ place }: { place: Place }) {
  const text = useText();
  const rooms = useParley((state) => state.rooms);
  const loaded = useParley((state) => state.loaded);
  const userId = useParley((state) => state.me?.id ?? null);
  const last = userId === null ? null : lastRoomOf(userId);
  const lobby = Object.values(rooms).find(({ is_lobby }) => is_lobby);
  const roomId = last !== null && last in rooms ? last : lobby?.id;

  useEffect(() => {
    if (place.name !== "chats") navigate(paths.chats, { replace: true });
    else if (loaded && roomId !== undefined) navigate(paths.room(roomId), { replace: true });
  }, [place.name, loaded, roomId]);

  return <Loading label={text.loading} />;
}
