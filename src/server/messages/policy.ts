import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Membership } from "../rooms/membership.ts";

/** Whether a member may write in their room now. Throws `MUTED`, which says until when. */
export function demandVoice(ctx: Context, { muted_until }: Membership): void {
  if (muted_until !== null && muted_until > ctx.clock.now()) {
    throw new AppError("MUTED", { details: [{ field: "muted_until", message: wireTime(muted_until) }] });
  }
}

/** What has been said is changed no faster than this; a flood of it would hold up the rooms. */
const changeRate = { perSecond: 20, burst: 60, isSettled: true } as const;

/** Counts a change of something said. Throws `RATE_LIMITED`. */
export function demandPatience(ctx: Context, actor: Actor): void {
  ctx.limits.demand("message change", actor.id, changeRate);
}
