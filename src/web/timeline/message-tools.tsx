import { Ellipsis } from "lucide-react";
import { type MouseEvent, useContext } from "react";
import type { Message } from "../../protocol/models.ts";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { IconButton } from "../ui/button.tsx";
import { RoomOfTimeline, shownMenu, useIsPointed } from "./menu-state.ts";
import { actionsFor } from "./message-actions.tsx";
import { runAction } from "./message-menu.tsx";

/** The buttons beside the message that one points at. */
export function MessageTools({ rowKey, message }: { rowKey: string; message: Message }) {
  return useIsPointed(rowKey) ? <Tools message={message} /> : null;
}

function Tools({ message }: { message: Message }) {
  const text = useText();
  const room = useContext(RoomOfTimeline);
  const me = useParley((state) => state.me);
  if (room === null) return null;
  const here = { message, room, me };
  const actions = actionsFor(here);
  if (actions.length === 0) return null;
  const boxOf = (event: MouseEvent) => event.currentTarget.getBoundingClientRect();
  return (
    <div className="message-tools" role="group" aria-label={text.messageMenu.label}>
      {actions
        .filter(({ isQuick }) => isQuick)
        .map((action) => (
          <IconButton
            key={action.id}
            label={action.label(text, here)}
            onClick={(event) => runAction(action, here, boxOf(event))}
          >
            <action.Icon size={16} aria-hidden />
          </IconButton>
        ))}
      <IconButton
        label={text.messageMenu.more}
        aria-haspopup="menu"
        onClick={(event) => shownMenu.set({ message, anchor: boxOf(event), view: null })}
      >
        <Ellipsis size={16} aria-hidden />
      </IconButton>
    </div>
  );
}
