import { desc, eq } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { MessageVersion } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { wireTime } from "../platform/clock.ts";
import { membership } from "../rooms/membership.ts";
import { demandRight } from "../rooms/policy.ts";
import { seenMessage } from "./locked-message.ts";

/**
 * What a message said before it was edited, oldest first, to those who keep order in the room: the latest of many. Of one
 * that is gone nothing is left. Throws `MESSAGE_NOT_FOUND`, `FORBIDDEN`.
 */
export async function versions(ctx: Context, actor: Actor, messageId: string): Promise<MessageVersion[]> {
  const { message, room } = await seenMessage(ctx, actor, messageId);
  demandRight("see_versions", actor, room, (await membership(ctx, room, actor.key))?.role);
  const { message_versions } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ content: message_versions.content, replacedAt: message_versions.replaced_at })
    .from(message_versions)
    .where(eq(message_versions.message_key, message.key))
    .orderBy(desc(message_versions.key))
    // One more tells since when the first of them stood.
    .limit(limits.versionsShown + 1);
  const inOrder = rows.toReversed();
  return inOrder
    .map(({ content, replacedAt }, index) => ({
      content,
      written_at: wireTime(inOrder[index - 1]?.replacedAt ?? message.created_at),
      replaced_at: wireTime(replacedAt),
    }))
    .slice(-limits.versionsShown);
}
