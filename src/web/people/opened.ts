import { useSyncExternalStore } from "react";
import type { UserRef } from "../../protocol/models.ts";
import { createValue } from "../app/value.ts";

const opened = createValue<UserRef | null>(null);

/** Shows a person's card over whatever is there. */
export function openProfile(person: UserRef): void {
  opened.set(person);
}

export function closeProfile(): void {
  opened.set(null);
}

/** Whose card is shown; null: nobody's. */
export function useOpenedProfile(): UserRef | null {
  return useSyncExternalStore(opened.subscribe, opened.get);
}
