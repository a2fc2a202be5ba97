import { useSyncExternalStore } from "react";
import { createValue } from "./value.ts";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: "done" | "failed";
}

const notices = createValue<readonly Notice[]>([]);
let nextId = 1;
const shownForMs = { done: 3_000, failed: 7_000 } as const;

/** Says in passing, also to screen readers, what came of something; goes by itself. */
export function notify(text: string, kind: Notice["kind"] = "done"): void {
  const notice = { id: nextId++, text, kind };
  notices.set([...notices.get().slice(-2), notice]);
  setTimeout(() => dismiss(notice.id), shownForMs[kind]);
}

export function dismiss(id: number): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(notices.subscribe, notices.get);
}
