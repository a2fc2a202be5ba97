import { ArrowDown, Undo2 } from "lucide-react";
import { limits } from "../../protocol/limits.ts";
import { useText } from "../i18n/use-text.ts";

interface JumpPillsProps {
  unread: number;
  /** To what is new, or to the end; null when one is there. */
  onJump: (() => void) | null;
  /** To where one jumped from; null when one did not. */
  onBack: (() => void) | null;
}

/** The ways out of where one is: back to where one came from, and to the end, with what is new down there. */
export function JumpPills({ unread, onJump, onBack }: JumpPillsProps) {
  const text = useText();
  const capped = unread >= limits.unreadMax;
  const label =
    unread > 0 ? text.timeline.newCount(capped ? limits.unreadMax - 1 : unread, capped) : text.timeline.jumpToLatest;
  return (
    <div className="jump-pills">
      {onBack && (
        <button type="button" className="jump-pill" onClick={onBack}>
          <Undo2 size={16} aria-hidden className="flips" />
          <span>{text.timeline.wayBack}</span>
        </button>
      )}
      {onJump && (
        <button
          type="button"
          className="jump-pill"
          data-new={unread > 0 || undefined}
          aria-label={label}
          onClick={onJump}
        >
          {unread > 0 && <span>{label}</span>}
          <ArrowDown size={18} aria-hidden />
        </button>
      )}
    </div>
  );
}
