import { eq } from "drizzle-orm";
import type { TimelineMessage } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { noteChanged } from "../timeline/changed.ts";
import { mentionsOf } from "../timeline/mentioned.ts";
import { noteQuotable } from "../timeline/quotations.ts";
import { blockedReactions } from "../timeline/reactions.ts";
import { isGone, wireMessages } from "../timeline/wire.ts";
import { asSeen } from "./as-seen.ts";
import { demandPeer } from "./direct-policy.ts";
import { lockMessage } from "./locked-message.ts";
import { findEditedMentions } from "./mentions.ts";
import { demandPatience, demandStillVoice, demandVoice } from "./policy.ts";
import { demandContent } from "./send.ts";
import { ownMessage } from "./visible.ts";

interface EditInput {
  message_id: string;
  content: string;
}

/**
 * Words one's own message anew; what it said before is kept for those who keep order. The same words are no edit. Throws
 * `VALIDATION_ERROR`, `MESSAGE_TOO_LONG`, `MESSAGE_NOT_FOUND`, `FORBIDDEN`, `BANNED`, `MUTED`, `RATE_LIMITED`, `CONFLICT`
 * (it is gone), in a direct room also `BLOCKED` and `USER_NOT_FOUND`.
 */
export async function editMessage(
  ctx: Context,
  actor: Actor,
  { message_id, content }: EditInput,
): Promise<TimelineMessage> {
  demandContent(ctx, content);
  const { row: seen, room, membership } = await ownMessage(ctx, actor, message_id);
  demandVoice(ctx, membership);
  await demandPeer(ctx, actor, room);
  demandPatience(ctx, actor);
  const { mentions } = await findEditedMentions(ctx, room, content, seen.mentions);
  const { before, row, blocked } = await ctx.db.write(async (tx) => {
    const before = await lockMessage(ctx, tx, seen);
    await demandStillVoice(ctx, tx, actor, room);
    if (isGone(before)) throw new AppError("CONFLICT");
    if (before.content === content) return { before, row: before, blocked: [] };
    const row = await reword(ctx, tx, before, { content, mentions });
    return { before, row, blocked: row.reactions === null ? [] : await blockedReactions(ctx.db, tx, row.key) };
  });
  if (row !== before) {
    noteQuotable(ctx, row);
    const [message] = await wireMessages(ctx, room.id, [row]);
    if (message) ctx.publish.toRoom("message_updated", message, blocked);
    ctx.metrics.messageChanges.inc({ kind: "edited" });
    const named = mentionsOf(before);
    ctx.happenings.emit("message_edited", {
      messageId: row.id,
      roomKey: room.key,
      roomId: room.id,
      seq: row.seq,
      senderKey: actor.key,
      mentioned: mentionsOf(row).filter((id) => !named.includes(id)),
    });
  }
  return asSeen(ctx, actor, room, row);
}

async function reword(
  ctx: Context,
  tx: Queries,
  { key, room_key, content: former }: StoredMessage,
  now: Pick<StoredMessage, "content" | "mentions">,
): Promise<StoredMessage> {
  const { messages, message_versions } = ctx.db.tables;
  const at = ctx.clock.now();
  const { rev } = await changeRoom(ctx, tx, room_key);
  await tx.insert(message_versions).values({ message_key: key, content: former, replaced_at: at });
  const [row] = await tx
    .update(messages)
    .set({ ...now, edited_at: at, changed_rev: rev })
    .where(eq(messages.key, key))
    .returning();
  if (!row) throw new AppError("MESSAGE_NOT_FOUND");
  await noteChanged(ctx, tx, [key]);
  return row;
}
