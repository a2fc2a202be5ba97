import { Check, CheckCheck } from "lucide-react";
import type { Message } from "../../protocol/models.ts";
import { statusOf } from "../../sdk/ticks.ts";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";

/** How far a stored message of one's own has come: one tick, two, green ones. */
export function Ticks({ message }: { message: Message }) {
  const text = useText();
  const status = useParley((state) => statusOf(state.me, state.rooms[message.room_id], message)) ?? "sent";
  const label = { sent: text.timeline.sent, delivered: text.receipts.delivered, read: text.receipts.read }[status];
  const Icon = status === "sent" ? Check : CheckCheck;
  return (
    <span className="send-state" data-status={status} title={label}>
      <Icon size={14} aria-hidden />
      <span className="visually-hidden">{label}</span>
    </span>
  );
}
