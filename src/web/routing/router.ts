import { useSyncExternalStore } from "react";
import { type Place, placeOf } from "./place.ts";

const listeners = new Set<() => void>();
let current: { href: string; place: Place } = read();

function read(): { href: string; place: Place } {
  const { pathname, hash, search, href } = window.location;
  return { href, place: placeOf(pathname, hash, search) };
}

function update(): void {
  if (window.location.href === current.href) return;
  current = read();
  for (const listener of listeners) listener();
}

window.addEventListener("popstate", update);
window.addEventListener("hashchange", update);

interface NavigateOptions {
  /** Takes the place of the present entry, so that Back does not return to it. */
  replace?: boolean;
}

/** Whether an entry of this page lies before the present one: then Back stays inside the client. */
function depth(): number {
  const state: unknown = window.history.state;
  return typeof state === "object" && state !== null && "depth" in state && typeof state.depth === "number"
    ? state.depth
    : 0;
}

export function navigate(path: string, { replace = false }: NavigateOptions = {}): void {
  if (replace) window.history.replaceState({ depth: depth() }, "", path);
  else window.history.pushState({ depth: depth() + 1 }, "", path);
  update();
}

/** Goes back where one came from, or to `fallback` when the present place was opened by its URL. */
export function goBack(fallback: string): void {
  if (depth() > 0) window.history.back();
  else navigate(fallback, { replace: true });
}

/** Where the person is, outside of components. */
export function currentPlace(): Place {
  return current.place;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Where the person is. */
export function usePlace(): Place {
  return useSyncExternalStore(subscribe, currentPlace);
}
