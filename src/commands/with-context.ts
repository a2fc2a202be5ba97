import { readConfig } from "../server/config.ts";
import type { Context } from "../server/context.ts";
import { openContext } from "../server/open-context.ts";
import { ensureLobby } from "../server/rooms/lobby.ts";

/** Runs `work` with what the verbs use, over the configured database and without a server. */
export async function withContext<T>(work: (ctx: Context) => Promise<T>): Promise<T> {
  const { context, close } = await openContext(readConfig());
  try {
    await ensureLobby(context);
    return await work(context);
  } finally {
    await close();
  }
}
