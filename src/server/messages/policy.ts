import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Queries } from "../platform/db/database.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { activeMember } from "../rooms/locked.ts";
import type { Membership } from "../rooms/membership.ts";

/** Whether a member may write in their room now. Throws `MUTED`, which says until when. */
export function demandVoice(ctx: Context, { muted_until }: Pick<Membership, "muted_until">): void {
  if (muted_until !== null && muted_until > ctx.clock.now()) {
    throw new AppError("MUTED", { details: [{ field: "muted_until", message: wireTime(muted_until) }] });
  }
}

/** Who is in the room at this moment. In the lobby the caches alone say who may speak. Throws `FORBIDDEN`. */
export async function demandStillMember(
  ctx: Context,
  tx: Queries,
  actor: Actor,
  { key, is_lobby }: RoomEntry,
): Promise<Pick<Membership, "muted_until"> | undefined> {
  if (is_lobby) return undefined;
  const mine = await activeMember(ctx, tx, key, actor.key);
  if (!mine) throw new AppError("FORBIDDEN");
  return mine;
}

/** They may have been put out or muted, perhaps on another node, since the caches were asked. */
export async function demandStillVoice(ctx: Context, tx: Queries, actor: Actor, room: RoomEntry): Promise<void> {
  const mine = await demandStillMember(ctx, tx, actor, room);
  if (mine) demandVoice(ctx, mine);
}

/** What has been said is changed no faster than this; a flood of it would hold up the rooms. */
const changeRate = { perSecond: 20, burst: 60, isSettled: true } as const;

/** Counts a change of something said. Throws `RATE_LIMITED`. */
export function demandPatience(ctx: Context, actor: Actor): void {
  ctx.limits.demand("message change", actor.id, changeRate);
}
