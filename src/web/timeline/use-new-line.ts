import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { RoomState } from "../../sdk/state.ts";

/**
 * Where the line "new messages" stands: behind what was read when the room was opened, or when one left the page with
 * everything read. It stays until one leaves the room. Null where nothing was new.
 */
export function useNewLine(room: RoomState): number | null {
  const [readSeq, setReadSeq] = useState(room.unread_count > 0 ? room.read_seq : null);
  /** The newest message when one turned away from the page. */
  const leftAt = useRef<number | null>(null);

  const turned = useEffectEvent(() => {
    if (document.visibilityState === "visible" && document.hasFocus()) {
      if (leftAt.current !== null && room.unread_count > 0) setReadSeq(leftAt.current);
      leftAt.current = null;
    } else if (room.unread_count === 0) leftAt.current ??= room.last_seq;
  });
  useEffect(() => {
    const onTurn = () => turned();
    const types = ["focus", "blur"] as const;
    for (const type of types) window.addEventListener(type, onTurn);
    document.addEventListener("visibilitychange", onTurn);
    return () => {
      for (const type of types) window.removeEventListener(type, onTurn);
      document.removeEventListener("visibilitychange", onTurn);
    };
  }, []);
  return readSeq;
}
