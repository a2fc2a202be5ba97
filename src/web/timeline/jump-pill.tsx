import { ArrowDown } from "lucide-react";
import { limits } from "../../protocol/limits.ts";
import { useText } from "../i18n/use-text.ts";

/** The way back to the end, with what is new down there. */
export function JumpPill({ unread, onJump }: { unread: number; onJump(): void }) {
  const text = useText();
  const capped = unread >= limits.unreadMax;
  const label =
    unread > 0 ? text.timeline.newCount(capped ? limits.unreadMax - 1 : unread, capped) : text.timeline.jumpToLatest;
  return (
    <button type="button" className="jump-pill" data-new={unread > 0 || undefined} aria-label={label} onClick={onJump}>
      {unread > 0 && <span>{label}</span>}
      <ArrowDown size={18} aria-hidden />
    </button>
  );
}
