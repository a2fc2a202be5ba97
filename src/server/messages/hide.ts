import { eq } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { TimelineMessage } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { memberRoom } from "../rooms/policy.ts";
import { personalOfOne } from "../timeline/for-viewer.ts";
import { noteHidden } from "../timeline/hidden.ts";
import { asSeen } from "./as-seen.ts";
import { demandPatience } from "./policy.ts";
import type { Place } from "./visible.ts";

/**
 * Deletes a message for the actor alone, on all their devices: they see that there is one, and nothing of it. It takes no
 * `rev` of the room, since nobody else is concerned. Throws `FORBIDDEN` to who is not in the room, `CONFLICT` to who has
 * hidden too many, `RATE_LIMITED`.
 */
export async function hideMessage(ctx: Context, actor: Actor, { row, room }: Place): Promise<TimelineMessage> {
  await memberRoom(ctx, actor, room.id);
  const before = await personalOfOne(ctx, actor.key);
  if (before.hides(row)) return asSeen(ctx, actor, room, row);
  if (before.hiddenInAll() >= limits.hiddenMessages) throw new AppError("CONFLICT");
  demandPatience(ctx, actor);
  const { rooms, hidden_messages } = ctx.db.tables;
  const place = { user_key: actor.key, room_key: room.key, seq: row.seq };
  const rev = await ctx.db.write(async (tx) => {
    // What another device of theirs has seen of the room by now does not hold this: so it asks from this number on.
    await ctx.db.lockRooms(tx, [room.key]);
    const [now] = await tx.select({ rev: rooms.rev }).from(rooms).where(eq(rooms.key, room.key));
    if (!now) throw new AppError("MESSAGE_NOT_FOUND");
    const stored = await tx
      .insert(hidden_messages)
      .values({ ...place, message_key: row.key, rev: now.rev })
      .onConflictDoNothing()
      .returning();
    return stored.length > 0 ? now.rev : undefined;
  });
  if (rev !== undefined) {
    noteHidden(ctx, { userKey: actor.key, roomKey: room.key, seq: row.seq, rev });
    const hidden_count = (await personalOfOne(ctx, actor.key)).hiddenIn(room.key);
    const hidden = { room_id: room.id, message_id: row.id, seq: row.seq, hidden_count };
    ctx.publish.toUser(actor.id, "message_hidden", hidden);
    ctx.happenings.emit("message_hidden", { messageId: row.id, userKey: actor.key });
    ctx.metrics.messageChanges.inc({ kind: "hidden" });
  }
  return asSeen(ctx, actor, room, row);
}
