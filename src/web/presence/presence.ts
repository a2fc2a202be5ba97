import { useEffect } from "react";
import type { Seen } from "../../protocol/models.ts";
import { parley, useParley } from "../app/parley.ts";

/** How somebody is, as far as it is known: friends, direct partners, and whom a view watches. */
export function usePresence(userId: string | undefined): Seen | undefined {
  return useParley((state) => (userId === undefined ? undefined : state.presence[userId]));
}

/** Keeps these people's presence up to date while the view shows them. */
export function useWatched(userIds: readonly string[]): void {
  const ids = userIds.join(" ");
  useEffect(() => (ids === "" ? undefined : parley.presence.watch(ids.split(" "))), [ids]);
}

/** Somebody is at the page: keys, pointers, and coming back to it. */
export function useActivity(isSignedIn: boolean): void {
  useEffect(() => {
    if (!isSignedIn) return;
    const active = () => {
      if (document.visibilityState === "visible") parley.presence.active();
    };
    const options = { passive: true, capture: true } as const;
    active();
    for (const event of signs) window.addEventListener(event, active, options);
    return () => {
      for (const event of signs) window.removeEventListener(event, active, options);
    };
  }, [isSignedIn]);
}

const signs = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "focus", "visibilitychange"] as const;
