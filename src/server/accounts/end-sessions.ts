import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import { sessionsCache } from "./live-sessions.ts";
import { peopleCache } from "./people.ts";
import { deleteSessions, insertRevocations } from "./session-store.ts";

/** Sessions that a transaction has ended, to be announced once it is committed. */
export interface EndedSessions {
  userId: string;
  sessionIds: string[];
}

/**
 * Ends sessions in the verb's transaction: one, all but one, or all. Also writes down that they ended, so that a
 * server that is not told (this may be the CLI) finds out within a second. Hand the result to {@link announceEnded}
 * after the commit.
 */
export async function endSessions(
  ctx: Context,
  tx: Queries,
  user: { key: number; id: string },
  which: { only?: string; except?: string } = {},
): Promise<EndedSessions> {
  const sessionIds = await deleteSessions(ctx, tx, user.key, which);
  await insertRevocations(ctx, tx, user.id, sessionIds, ctx.clock.now());
  return { userId: user.id, sessionIds };
}

/** Makes every node forget ended sessions and close their sockets (4001). Call right after the commit. */
export function announceEnded(ctx: Pick<Context, "publish">, { userId, sessionIds }: EndedSessions): void {
  // First all are forgotten, so that none of them lets in what the closing of another brought back.
  for (const sessionId of sessionIds) ctx.publish.invalidate(sessionsCache, sessionId);
  for (const sessionId of sessionIds) ctx.publish.disconnect({ userId, sessionId }, 4001);
}

/** Writes down that what servers remember of a person is stale (the CLI's way of telling them). */
export async function notePersonChanged(ctx: Context, tx: Queries, userId: string): Promise<void> {
  await insertRevocations(ctx, tx, userId, [null], ctx.clock.now());
}

/** Makes every node forget what it remembers of a person. */
export function announcePersonChanged(ctx: Pick<Context, "publish">, userId: string): void {
  ctx.publish.invalidate(peopleCache, userId);
}
