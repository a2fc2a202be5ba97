import type { DeletedFor, TimelineMessage } from "../../protocol/models.ts";
import { mayIn } from "../../protocol/rights.ts";
import type { Actor, Context } from "../context.ts";
import { memberRoom, standingIn } from "../rooms/policy.ts";
import { AppError } from "../platform/app-error.ts";
import { isGone } from "../timeline/wire.ts";
import { asSeen } from "./as-seen.ts";
import { announceGone, emptyOne } from "./gone.ts";
import { hideMessage } from "./hide.ts";
import { lockMessage } from "./locked-message.ts";
import { demandPatience, demandStillMember } from "./policy.ts";
import { placeOfMessage } from "./visible.ts";

interface DeleteInput {
  message_id: string;
  for: DeletedFor;
}

/**
 * Deletes a message for everybody (one's own; anybody's by those who keep order, also where they do not see what it says)
 * or for oneself alone. What is gone stays as it is. Throws `MESSAGE_NOT_FOUND`, `FORBIDDEN`, `BANNED`, `RATE_LIMITED`.
 */
export async function deleteMessage(
  ctx: Context,
  actor: Actor,
  { message_id, for: whom }: DeleteInput,
): Promise<TimelineMessage> {
  const place = await placeOfMessage(ctx, actor, message_id);
  const { row: seen, room, membership } = place;
  if (whom === "me") return hideMessage(ctx, actor, place);
  const mayAny = mayIn("delete_any", standingIn(actor, room, membership?.role));
  if (!mayAny) {
    await memberRoom(ctx, actor, room.id);
    if (seen.sender_key !== actor.key) throw new AppError("FORBIDDEN");
  }
  demandPatience(ctx, actor);
  const { before, row } = await ctx.db.write(async (tx) => {
    const before = await lockMessage(ctx, tx, seen);
    if (!mayAny) await demandStillMember(ctx, tx, actor, room);
    return { before, row: isGone(before) ? before : await emptyOne(ctx, tx, before, "deleted_at") };
  });
  if (row !== before) await announceGone(ctx, room, [row]);
  return asSeen(ctx, actor, room, row);
}
