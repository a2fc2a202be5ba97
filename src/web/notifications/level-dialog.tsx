import { Bell, BellOff, BellRing } from "lucide-react";
import { useState } from "react";
import type { NotifyLevel } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { Choice, FormError } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";

export const levelIcons = {
  all: <BellRing size={20} aria-hidden />,
  mentions: <Bell size={20} aria-hidden />,
  none: <BellOff size={20} aria-hidden />,
} satisfies Record<NotifyLevel, unknown>;

/** From the most to the least. (The protocol's own list would bring zod along.) */
const levels = ["all", "mentions", "none"] as const satisfies readonly NotifyLevel[];

/** What of a room one wants to be notified of; chosen is done. */
export function LevelDialog({ room, onClose }: { room: RoomState; onClose(): void }) {
  const text = useText();
  const { run, error } = useAction();
  const [asked, setAsked] = useState(room.notify_level);

  async function choose(level: NotifyLevel) {
    setAsked(level);
    if (!(await run(() => parley.http.rooms.setNotifyLevel(room.id, { level })))) setAsked(room.notify_level);
  }

  return (
    <Modal
      title={text.notifications.title}
      onClose={onClose}
      actions={
        <Button look="primary" onClick={onClose}>
          {text.close}
        </Button>
      }
    >
      <Choice
        label={text.notifications.levelLabel}
        name={`level-${room.id}`}
        value={asked}
        options={levels.map((value) => ({
          value,
          label: text.notifications.levels[value],
          hint: text.notifications.levelHints[value],
          icon: levelIcons[value],
        }))}
        onChange={(level) => void choose(level)}
      />
      <FormError>{error}</FormError>
    </Modal>
  );
}
