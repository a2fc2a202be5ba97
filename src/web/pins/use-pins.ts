import { useEffect, useState } from "react";
import type { PinList } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";

/** Keeps a room's pins loaded while it is on the screen. */
export function usePins(roomId: string): { list: PinList | undefined; error: unknown } {
  const list = useParley((state) => state.pins[roomId]);
  const isReady = useParley((state) => state.connection.status === "ready");
  const [failure, setFailure] = useState<{ roomId: string; error: unknown } | null>(null);
  const error = failure?.roomId === roomId ? failure.error : null;
  const isWanted = isReady && error === null && (list === undefined || list.isStale);

  useEffect(() => {
    if (!isWanted) return;
    parley.pins.open(roomId).catch((reason: unknown) => setFailure({ roomId, error: reason }));
  }, [roomId, isWanted]);

  return { list, error };
}

/** Whether a message is pinned, as far as is known. */
export function useIsPinned(roomId: string, messageId: string): boolean {
  return useParley((state) => state.pins[roomId]?.items.some(({ id }) => id === messageId) ?? false);
}
