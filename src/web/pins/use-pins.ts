import { useEffect, useState } from "react";
import type { PinList } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";

const spreadMs = 1_500;

/** Keeps a room's pins loaded while it is on the screen. */
export function usePins(roomId: string): { list: PinList | undefined; error: unknown } {
  const list = useParley((state) => state.pins[roomId]);
  const isReady = useParley((state) => state.connection.status === "ready");
  const [failure, setFailure] = useState<{ roomId: string; error: unknown } | null>(null);
  const error = failure?.roomId === roomId ? failure.error : null;
  const isWanted = isReady && error === null && (list === undefined || list.isStale);

  const isHeld = list !== undefined;
  useEffect(() => {
    if (!isWanted) return;
    const load = () => parley.pins.open(roomId).catch((reason: unknown) => setFailure({ roomId, error: reason }));
    // Everybody in the room has just heard the same: not all of them ask at once.
    const timer = setTimeout(load, isHeld ? Math.random() * spreadMs : 0);
    return () => clearTimeout(timer);
  }, [roomId, isWanted, isHeld]);

  return { list, error };
}

/** Whether a message is pinned, as far as is known. */
export function useIsPinned(roomId: string, messageId: string): boolean {
  return useParley((state) => state.pins[roomId]?.items.some(({ id }) => id === messageId) ?? false);
}
