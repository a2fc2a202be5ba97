import type { Context } from "../context.ts";
import { links } from "./links.ts";
import { randomToken, storeOneTimeToken } from "./one-time-tokens.ts";
import { deleteSetupTokens } from "./session-store.ts";
import { hasAdmin } from "./store.ts";

/** Until somebody is administrator, however long that takes. */
const keptMs = 100 * 365 * 86_400_000;
const togetherMs = 10 * 60_000;

/**
 * While nobody can administrate, logs the link that makes whoever registers by it the administrator. It works once, and
 * until the next start, unless that is another node's within minutes. The one secret that a log may hold: whoever reads this log runs the server.
 */
export async function offerSetupLink(ctx: Context): Promise<void> {
  const code = randomToken();
  const isOffered = await ctx.db.write(async (tx) => {
    const isNeeded = !(await hasAdmin(tx, ctx.db.tables));
    const expiresAtMs = ctx.clock.now() + keptMs;
    // Nodes that start together log a link each, and all of them work.
    const olderThanMs = isNeeded && ctx.bus.mayHaveOthers ? expiresAtMs - togetherMs : Infinity;
    await deleteSetupTokens(ctx, tx, olderThanMs);
    if (isNeeded) await storeOneTimeToken(ctx, tx, code, { kind: "setup", expiresAtMs });
    return isNeeded;
  });
  if (!isOffered) return;
  ctx.log.warn("there is no administrator yet: open this link to become the first one", {
    setup_url: links(ctx).setup(code),
  });
}
