import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { announceEnded, endSessions, type EndedSessions } from "./end-sessions.ts";
import { sessionsCache } from "./live-sessions.ts";
import { issueCredentials, type IssuedCredentials } from "./open-session.ts";
import { people } from "./people.ts";
import { readRefreshToken } from "./refresh-token.ts";
import { findSession, rotateSession, type SessionRow } from "./session-store.ts";

/** Two tabs at once, or an answer that was lost: for this long the predecessor still gives the same successor. */
const graceMs = 10_000;

type Turn = { session: SessionRow } | { reused: EndedSessions } | { over: true };

/**
 * Trades a refresh token for new tokens. Each works once; within 10 s, while its successor is unused, it gives that
 * successor again; any other reuse means that it was stolen and ends the session. Throws `UNAUTHENTICATED`,
 * `ACCOUNT_DISABLED`.
 */
export async function refresh(ctx: Context, refreshToken: string, address: string): Promise<IssuedCredentials> {
  const claims = readRefreshToken(ctx, refreshToken);
  if (!claims) throw new AppError("UNAUTHENTICATED");
  const turn = await ctx.db.write(async (tx): Promise<Turn> => {
    const now = ctx.clock.now();
    // One statement decides between parallel trades: of those with the same token only one moves the session.
    const rotated = await rotateSession(ctx, tx, claims, {
      now,
      expiresAtMs: now + ctx.config.refreshTokenTtlMs,
      ip: address,
    });
    if (rotated) return { session: rotated };
    const session = await findSession(tx, ctx.db.tables, claims.sessionId);
    if (!session || session.expires_at <= now) return { over: true };
    const isPredecessor = claims.generation === session.generation - 1;
    // A clock that was set back makes the time since then negative: no grace.
    const sinceMs = now - session.rotated_at;
    if (isPredecessor && sinceMs >= 0 && sinceMs <= graceMs) return { session };
    const owner = await people(ctx).byKey(session.user_key);
    if (!owner) return { over: true };
    return { reused: await endSessions(ctx, tx, owner, { only: session.id }) };
  });
  if ("reused" in turn) {
    announceEnded(ctx, turn.reused);
    ctx.log.warn("a refresh token was used again, its session was ended", { user_id: turn.reused.userId });
    throw new AppError("UNAUTHENTICATED");
  }
  if ("over" in turn) throw new AppError("UNAUTHENTICATED");
  const { session } = turn;
  ctx.caches.drop(sessionsCache, session.id); // it lives longer now
  const person = await people(ctx).byKey(session.user_key);
  if (!person || person.deleted) throw new AppError("UNAUTHENTICATED");
  if (person.disabled) throw new AppError("ACCOUNT_DISABLED");
  return issueCredentials(ctx, { userId: person.id, sessionId: session.id, generation: session.generation });
}
