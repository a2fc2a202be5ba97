import type { Context } from "../context.ts";
import { offerSetupLink } from "./first-administrator.ts";
import { links } from "./links.ts";
import { liveSessions } from "./live-sessions.ts";
import { purge, touchSessions } from "./session-store.ts";
import { revocationWatch } from "./watch-revocations.ts";

/** Half of what "within a second" allows (G5). */
const pollEveryMs = 500;
const flushEveryMs = 60_000;
const purgeEveryMs = 10 * 60_000;
/** Every server has read a revocation long before this. */
const revocationsKeptMs = 3_600_000;

/**
 * Starts what accounts do by themselves, once the server listens at `listeningUrl`: follow what other processes revoke,
 * remember when devices were last used, remove what has run out; and offers the set-up link where it is needed.
 */
export async function startAccounts(ctx: Context, listeningUrl: string): Promise<void> {
  links(ctx).listensAt(listeningUrl);
  await revocationWatch(ctx).poll();
  ctx.jobs.every("follow revocations", pollEveryMs, () => revocationWatch(ctx).poll());
  ctx.jobs.every("store when sessions were used", flushEveryMs, () => storeUse(ctx));
  ctx.jobs.everyOnOneNode("purge sessions", purgeEveryMs, () =>
    ctx.db.write((tx) => purge(ctx, tx, { now: ctx.clock.now(), keepMs: revocationsKeptMs })),
  );
  await offerSetupLink(ctx);
}

async function storeUse(ctx: Context): Promise<void> {
  const used = liveSessions(ctx).takeUsed();
  if (used.size > 0) await ctx.db.write((tx) => touchSessions(ctx, tx, used));
}
