import { Pin, PinOff } from "lucide-react";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { currentText } from "../i18n/use-text.ts";
import { mayPin } from "../reactions/reaction-rights.ts";
import type { MessageAction, MessageHere } from "../timeline/message-actions.tsx";

const isPinned = ({ message }: MessageHere) =>
  parley.store.getSnapshot().pins[message.room_id]?.items.some(({ id }) => id === message.id) ?? false;

/** Pins a message, or takes the pin down; says what came of it. */
export async function setPin(roomId: string, messageId: string, isToBe: boolean): Promise<void> {
  const text = currentText();
  const { pin, unpin } = parley.http.rooms;
  try {
    await (isToBe ? pin : unpin)(roomId, messageId);
    notify(isToBe ? text.pins.pinned : text.pins.unpinned);
  } catch (error) {
    notify(describeError(error, text), "failed");
  }
}

const pin: MessageAction = {
  id: "pin",
  label: (text) => text.pins.pin,
  Icon: Pin,
  isAllowed: (here) => {
    const { is_deleted, is_recalled } = here.message;
    return !is_deleted && !is_recalled && mayPin(here.room, here.me) && !isPinned(here);
  },
  run: ({ message }) => void setPin(message.room_id, message.id, true),
};

const unpin: MessageAction = {
  id: "unpin",
  label: (text) => text.pins.unpin,
  Icon: PinOff,
  isAllowed: (here) => mayPin(here.room, here.me) && isPinned(here),
  run: ({ message }) => void setPin(message.room_id, message.id, false),
};

export const pinActions: readonly MessageAction[] = [pin, unpin];
