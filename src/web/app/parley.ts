import { useSyncExternalStore } from "react";
import { createClient } from "../../sdk/client.ts";
import { browserOutbox } from "../../sdk/outbox-storage.ts";
import type { State } from "../../sdk/state.ts";
import { currentLanguage } from "./preferences.ts";

/** Frames come in faster than a screen draws: one rendering for each picture, and a slower one in a hidden page. */
function everyFrame(notify: () => void): void {
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    notify();
  };
  const frame = requestAnimationFrame(once);
  // A hidden page draws no frames, but its title still counts what is unread.
  const timer = setTimeout(once, 250);
}

/** The one client of this page. */
export const parley = createClient({
  url: window.location.origin,
  cookieAuth: true,
  language: currentLanguage,
  outbox: browserOutbox(),
  schedule: everyFrame,
});

/** A part of the client's state; `select` must return parts, never build new ones. */
export function useParley<Part>(select: (state: State) => Part): Part {
  return useSyncExternalStore(parley.store.subscribe, () => select(parley.store.getSnapshot()));
}
