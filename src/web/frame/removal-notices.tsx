import { useEffect, useEffectEvent } from "react";
import { notify } from "../app/notices.ts";
import { parley, useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { roomName } from "../rooms/room-name.ts";
import { paths, type Place } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";

/** Says so when a room is taken away, and leaves it when it is open. */
export function RemovalNotices({ place }: { place: Place }) {
  const text = useText();
  // As last drawn: the removed room is still among them.
  const rooms = useParley((state) => state.rooms);

  const removed = useEffectEvent((roomId: string, reason: "left" | "kicked" | "banned" | "deleted") => {
    const room = rooms[roomId];
    const name = room === undefined ? null : roomName(room, text);
    if (name !== null && reason === "deleted") notify(text.room.deletedNotice(name));
    else if (name !== null && reason !== "left") notify(text.room.removed(name));
    if (place.name === "room" && place.roomId === roomId) navigate(paths.chats, { replace: true });
  });

  useEffect(() => parley.on("room_removed", ({ room_id, reason }) => removed(room_id, reason)), []);
  return null;
}
