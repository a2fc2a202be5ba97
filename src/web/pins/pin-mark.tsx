import { Pin } from "lucide-react";
import { useText } from "../i18n/use-text.ts";
import { useIsPinned } from "./use-pins.ts";

/** Beside a message that is pinned. */
export function PinMark({ roomId, messageId }: { roomId: string; messageId: string }) {
  const text = useText();
  if (!useIsPinned(roomId, messageId)) return null;
  return (
    <span className="pin-mark" title={text.pins.isPinned}>
      <Pin size={12} aria-hidden />
      <span className="visually-hidden">{text.pins.isPinned}</span>
    </span>
  );
}
