import { useEffect, useState } from "react";
import { ApiError } from "../../sdk/errors.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";

/** `missing`: the server says that there is no such room for this person. */
export type KnownRoom =
  | { readonly status: "loading" }
  | { readonly status: "missing" }
  | { readonly status: "found"; readonly room: RoomState };

/** A room by id: one's own, watched by a guest, or a public one that a person looks at without being in it. */
export function useRoom(roomId: string, isGuest: boolean): KnownRoom {
  const held = useParley((state) => state.rooms[roomId]);
  const loaded = useParley((state) => state.loaded);
  const isReady = useParley((state) => state.connection.status === "ready");
  const [seen, setSeen] = useState<KnownRoom>({ status: "loading" });
  const isOwn = held !== undefined && held.my_role !== null;

  useEffect(() => {
    if (isOwn || !isReady || (!isGuest && !loaded)) return;
    let isWanted = true;
    const asked = isGuest ? parley.watch(roomId) : lookAt(roomId);
    asked.then(
      (room) => isWanted && setSeen({ status: "found", room }),
      (error: unknown) => {
        // Not reached is not refused: the next connection asks again.
        if (isWanted && error instanceof ApiError) setSeen({ status: "missing" });
      },
    );
    return () => {
      isWanted = false;
    };
  }, [roomId, isGuest, isOwn, isReady, loaded]);

  useEffect(() => {
    if (!isGuest) return;
    return () => {
      parley.unwatch(roomId).catch(() => {}); // a connection that broke watches nothing any more
    };
  }, [roomId, isGuest]);

  return held === undefined ? seen : { status: "found", room: held };
}

async function lookAt(roomId: string): Promise<RoomState> {
  const room = await parley.http.rooms.get(roomId);
  const nothing = { last_message: null, read_seq: room.last_seq, unread_count: 0, mention_count: 0, muted_until: null };
  return { ...room, ...nothing, my_role: null, notify_level: "all" };
}
