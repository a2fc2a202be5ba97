import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Membership } from "../rooms/membership.ts";

/** Whether a member may write in their room now. Throws `MUTED`, which says until when. */
export function demandVoice(ctx: Context, { muted_until }: Membership): void {
  if (muted_until !== null && muted_until > ctx.clock.now()) {
    throw new AppError("MUTED", { details: [{ field: "muted_until", message: wireTime(muted_until) }] });
  }
}
