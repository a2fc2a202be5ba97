import { useSyncExternalStore } from "react";
import { readStored, store, storedKeys } from "../app/preferences.ts";

const listeners = new Set<() => void>();
const prefix = "parley.draft.";
const keyOf = (userId: string, roomId: string) => `${prefix}${userId}.${roomId}`;

/** What was written and not sent in a room, on this device; empty when nothing. */
export function readDraft(userId: string, roomId: string): string {
  return readStored(keyOf(userId, roomId)) ?? "";
}

export function keepDraft(userId: string, roomId: string, text: string): void {
  const wasEmpty = readDraft(userId, roomId) === "";
  store(keyOf(userId, roomId), text.trim() === "" ? null : text);
  if (wasEmpty !== (text.trim() === "")) for (const listener of listeners) listener();
}

/** Whoever signs out leaves nothing behind on this device. */
export function dropDrafts(userId: string): void {
  for (const key of storedKeys(keyOf(userId, ""))) store(key, null);
  for (const listener of listeners) listener();
}

// Written in another tab.
window.addEventListener("storage", ({ key }) => {
  if (key?.startsWith(prefix)) for (const listener of listeners) listener();
});

/** Called when a draft begins or ends, not at every key. */
export function onDraftsChanged(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The draft as the list shows it: known when it begins and ends. */
export function useDraft(userId: string | null, roomId: string): string {
  return useSyncExternalStore(onDraftsChanged, () => (userId === null ? "" : readDraft(userId, roomId)));
}
