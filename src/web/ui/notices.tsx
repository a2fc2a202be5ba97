import { CircleAlert, CircleCheck, X } from "lucide-react";
import { dismiss, useNotices } from "../app/notices.ts";
import { useText } from "../i18n/use-text.ts";
import { IconButton } from "./button.tsx";

export function Notices() {
  const text = useText();
  const notices = useNotices();
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map(({ id, text: said, kind }) => (
        <div key={id} className="notice" data-kind={kind}>
          {kind === "done" ? <CircleCheck size={18} aria-hidden /> : <CircleAlert size={18} aria-hidden />}
          <span>{said}</span>
          <IconButton label={text.close} onClick={() => dismiss(id)}>
            <X size={16} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
