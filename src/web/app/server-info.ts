import { useSyncExternalStore } from "react";
import { limits } from "../../protocol/limits.ts";
import type { ServerInfo } from "../../protocol/models.ts";
import { parley } from "./parley.ts";
import { createValue } from "./value.ts";

const info = createValue<ServerInfo | null>(null);

/** Asks once what this server allows. */
export async function loadServerInfo(): Promise<void> {
  if (info.get() === null) info.set(await parley.http.server.info());
}

/** What the server says about itself; null until it has answered. */
export function useServerInfo(): ServerInfo | null {
  return useSyncExternalStore(info.subscribe, info.get);
}

/** Longest message, in code points. */
export function useMessageLimit(): number {
  return useServerInfo()?.limits.message_chars ?? limits.messageChars;
}
