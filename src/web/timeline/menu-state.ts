import { createContext, useSyncExternalStore, type ReactNode } from "react";
import type { Message } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { createValue } from "../app/value.ts";

/** The room of the timeline around. */
export const RoomOfTimeline = createContext<RoomState | null>(null);

interface Shown {
  readonly message: Message;
  /** The message on the screen, or the button that was pressed. */
  readonly anchor: DOMRect;
  /** What an action shows; null for the menu itself. */
  readonly view: ReactNode;
}

/** The menu of one message, or what one of its actions opened. */
export const shownMenu = createValue<Shown | null>(null);

/** Leads through the timeline that is open: to a message, with the way back offered, or to the newest. */
interface Jumper {
  toMessage(messageId: string): void;
  toLatest(): void;
}

export const jumper = createValue<Jumper | null>(null);

const hovered = createValue<string | null>(null);
const focused = createValue<string | null>(null);

/** The row under the pointer and the one with the keyboard's focus, by their keys. */
export const pointedRow = { hover: hovered.set, focus: focused.set };

function subscribe(listener: () => void): () => void {
  const stops = [hovered.subscribe(listener), focused.subscribe(listener)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Whether the row with this key shows its buttons. Only the rows that begin or cease to do so are drawn anew. */
export function useIsPointed(key: string): boolean {
  return useSyncExternalStore(subscribe, () => (hovered.get() ?? focused.get()) === key);
}
