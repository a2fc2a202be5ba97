import { Pencil, Reply, X } from "lucide-react";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { saidIn } from "./said.ts";
import { IconButton } from "../ui/button.tsx";
import type { Target } from "./target.ts";

/** Says above the field what one writes at, with the way out of it. */
export function TargetBar({ target: { kind, message }, onLeave }: { target: Target; onLeave(): void }) {
  const text = useText();
  const ownId = useParley((state) => state.me?.id);
  const isEdit = kind === "edit";
  const isOwn = message.sender.id === ownId;
  const title = isEdit
    ? text.life.editing
    : isOwn
      ? text.life.replyingToOneself
      : text.life.replyingTo(message.sender.display_name);
  return (
    <div className="target-bar" role="status">
      {isEdit ? <Pencil size={18} aria-hidden /> : <Reply size={18} aria-hidden className="flips" />}
      <p>
        <span className="target-title" dir="auto">
          {title}
        </span>
        <span className="target-text" dir="auto">
          {saidIn(message.content)}
        </span>
      </p>
      <IconButton label={isEdit ? text.life.cancelEdit : text.life.cancelReply} onClick={onLeave}>
        <X size={18} aria-hidden />
      </IconButton>
    </div>
  );
}
