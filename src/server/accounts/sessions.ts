import type { Session } from "../../protocol/models.ts";
import { idPattern } from "../../protocol/text.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import { announceEnded, endSessions } from "./end-sessions.ts";
import { people } from "./people.ts";
import { readRefreshToken } from "./refresh-token.ts";
import { findSession, listSessions } from "./session-store.ts";

/** The devices on which one is signed in, the one used last first. */
export async function mySessions(
  ctx: Context,
  actor: Actor,
  { page, per_page }: { page: number; per_page: number },
): Promise<{ sessions: Session[]; total: number }> {
  const { rows, total } = await listSessions(ctx, actor.key, { now: ctx.clock.now(), page, per_page });
  const sessions = rows.map((row) => ({
    id: row.id,
    device_name: row.device_name,
    ip: row.ip,
    created_at: wireTime(row.created_at),
    last_used_at: wireTime(row.last_used_at),
    current: row.id === actor.sessionId,
  }));
  return { sessions, total };
}

/** Signs out on one device of one's own. Throws `SESSION_NOT_FOUND`. */
export async function endMySession(ctx: Context, actor: Actor, sessionId: string): Promise<void> {
  if (!idPattern.test(sessionId)) throw new AppError("SESSION_NOT_FOUND");
  const ended = await ctx.db.write((tx) => endSessions(ctx, tx, actor, { only: sessionId }));
  announceEnded(ctx, ended);
  if (ended.sessionIds.length === 0) throw new AppError("SESSION_NOT_FOUND");
}

/** Signs out here. */
export async function logout(ctx: Context, actor: Actor): Promise<void> {
  announceEnded(ctx, await ctx.db.write((tx) => endSessions(ctx, tx, actor, { only: actor.sessionId })));
}

/** Signs out everywhere. */
export async function logoutAll(ctx: Context, actor: Actor): Promise<void> {
  announceEnded(ctx, await ctx.db.write((tx) => endSessions(ctx, tx, actor)));
}

/** Signs out by the cookie alone, when the access token has run out. Throws `UNAUTHENTICATED`. */
export async function logoutByRefreshToken(ctx: Context, refreshToken: string): Promise<void> {
  const claims = readRefreshToken(ctx, refreshToken);
  const session = claims && (await findSession(ctx.db.read, ctx.db.tables, claims.sessionId));
  const owner = session && (await people(ctx).byKey(session.user_key));
  if (!session || !owner) throw new AppError("UNAUTHENTICATED");
  announceEnded(ctx, await ctx.db.write((tx) => endSessions(ctx, tx, owner, { only: session.id })));
}
