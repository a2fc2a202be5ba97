import type { PendingMessage } from "./state.ts";

/** Keeps messages that were not acked yet, one entry each, so that two tabs never overwrite one another's. */
export interface OutboxStorage {
  load(userId: string): readonly PendingMessage[] | Promise<readonly PendingMessage[]>;
  put(userId: string, message: PendingMessage): void;
  remove(userId: string, tempId: string): void;
}

/** Forgets everything with the program. */
export function memoryOutbox(): OutboxStorage {
  return { load: () => [], put: () => {}, remove: () => {} };
}

/** Keeps messages in the browser over a reload. What does not fit into its storage is still sent, only not kept. */
export function browserOutbox(storage: Storage = localStorage): OutboxStorage {
  const prefix = (userId: string) => `parley.outbox.${userId}.`;
  return {
    load(userId) {
      const keys = Object.keys(storage).filter((key) => key.startsWith(prefix(userId)));
      return keys.sort().flatMap((key) => parsePending(storage.getItem(key)) ?? []);
    },
    put(userId, message) {
      try {
        storage.setItem(prefix(userId) + message.temp_id, JSON.stringify(message));
      } catch (error) {
        if (!(error instanceof DOMException)) throw error; // full, or forbidden by the person's settings
      }
    },
    remove: (userId, tempId) => storage.removeItem(prefix(userId) + tempId),
  };
}

function parsePending(text: string | null): PendingMessage | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as PendingMessage;
  } catch {
    return null; // not written by this program
  }
}
