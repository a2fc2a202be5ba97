import { onAccountDeleted } from "../accounts/delete-me.ts";
import type { Context } from "../context.ts";
import { leaveAllRooms, leaveForDeletedAccounts } from "./leave-all.ts";
import { ensureLobby } from "./lobby.ts";
import { purgeDeletedRooms } from "./purge.ts";

const purgeEveryMs = 30_000;

/** What rooms need before the first request, and their periodic work. */
export async function startRooms(ctx: Context): Promise<void> {
  await ensureLobby(ctx);
  await leaveForDeletedAccounts(ctx);
  onAccountDeleted(ctx, ({ key }) => leaveAllRooms(ctx, key));
  ctx.jobs.everyOnOneNode("purge rooms", purgeEveryMs, () => purgeDeletedRooms(ctx));
}
