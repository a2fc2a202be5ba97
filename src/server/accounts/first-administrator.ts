import type { Context } from "../context.ts";
import { links } from "./links.ts";
import { randomToken, storeOneTimeToken } from "./one-time-tokens.ts";
import { deleteSetupTokens } from "./session-store.ts";
import { hasAdmin } from "./store.ts";

/**
 * While nobody can administrate, logs the link that makes whoever registers by it the administrator. It works once, and,
 * of a server alone, until the next start. The one secret that a log may hold: whoever reads this log runs the server.
 */
export async function offerSetupLink(ctx: Context): Promise<void> {
  const code = randomToken();
  const isOffered = await ctx.db.write(async (tx) => {
    // Each of several nodes logs a link of its own, and all of them work.
    if (!ctx.bus.mayHaveOthers) await deleteSetupTokens(ctx, tx);
    if (await hasAdmin(tx, ctx.db.tables)) return false;
    await storeOneTimeToken(ctx, tx, code, { kind: "setup", expiresAtMs: Number.MAX_SAFE_INTEGER });
    return true;
  });
  if (!isOffered) return;
  ctx.log.warn("there is no administrator yet: open this link to become the first one", {
    setup_url: links(ctx).setup(code),
  });
}
