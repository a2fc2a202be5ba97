import { useSyncExternalStore } from "react";
import type { Message } from "../../protocol/models.ts";
import { createValue } from "../app/value.ts";

/** What one writes at: the answer to a message, or a message anew. */
export interface Target {
  readonly kind: "reply" | "edit";
  readonly message: Message;
}

const target = createValue<Target | null>(null);

/** From now on one writes at this message, in its room. */
export function writeAt(kind: Target["kind"], message: Message): void {
  target.set({ kind, message });
}

export function leaveTarget(): void {
  target.set(null);
}

/** What one writes at in a room; null: something new. */
export function useTarget(roomId: string): Target | null {
  const now = useSyncExternalStore(target.subscribe, target.get);
  return now?.message.room_id === roomId ? now : null;
}
