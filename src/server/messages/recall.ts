import { limits } from "../../protocol/limits.ts";
import type { TimelineMessage } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { asSeen } from "./as-seen.ts";
import { announceGone, emptyOne } from "./gone.ts";
import { lockMessage } from "./locked-message.ts";
import { demandPatience, demandStillVoice, demandVoice } from "./policy.ts";
import { ownMessage } from "./visible.ts";

/**
 * Takes one's own message back for everybody, as if it had not been said, in the first two minutes; once more is harmless.
 * Throws `MESSAGE_NOT_FOUND`, `FORBIDDEN`, `BANNED`, `MUTED`, `CONFLICT` (it was deleted), `RECALL_WINDOW_PASSED`,
 * `RATE_LIMITED`.
 */
export async function recallMessage(ctx: Context, actor: Actor, messageId: string): Promise<TimelineMessage> {
  const { row: seen, room, membership } = await ownMessage(ctx, actor, messageId);
  demandVoice(ctx, membership);
  demandPatience(ctx, actor);
  const { before, row } = await ctx.db.write(async (tx) => {
    const before = await lockMessage(ctx, tx, seen);
    await demandStillVoice(ctx, tx, actor, room);
    if (before.recalled_at !== null) return { before, row: before };
    if (before.deleted_at !== null) throw new AppError("CONFLICT");
    if (ctx.clock.now() - before.created_at > limits.recallWindowMs) throw new AppError("RECALL_WINDOW_PASSED");
    return { before, row: await emptyOne(ctx, tx, before, "recalled_at") };
  });
  if (row !== before) await announceGone(ctx, room, [row]);
  return asSeen(ctx, actor, room, row);
}
