import type { Context } from "../context.ts";
import { followBlocks } from "./between.ts";
import { writeLastSeenEveryMs } from "./last-seen.ts";
import { presence } from "./presence.ts";

const countEveryMs = 1_000;

/** Joins the other nodes, and begins to store when people were seen last. */
export function startPresence(ctx: Context): void {
  const own = presence(ctx);
  own.start();
  followBlocks(ctx);
  ctx.jobs.every("store when people were seen", writeLastSeenEveryMs, async () => void (await own.lastSeen.write()));
  ctx.jobs.every("count people online", countEveryMs, async () => ctx.metrics.peopleOnline.set(own.visibleCount));
  ctx.onClose(async () => {
    own.stop();
    while (await own.lastSeen.write());
  });
}
