import { readStored, store } from "./preferences.ts";

const keyOf = (userId: string) => `parley.last-room.${userId}`;

/** The room that a person looked at last on this device. */
export function lastRoomOf(userId: string): string | null {
  return readStored(keyOf(userId));
}

export function keepLastRoom(userId: string, roomId: string): void {
  store(keyOf(userId), roomId);
}
