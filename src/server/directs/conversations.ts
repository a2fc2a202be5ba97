import type { Conversation } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { joinedConversations } from "../rooms/joined.ts";

/** One's conversations that show something, the one with the latest message first. */
export async function listConversations(
  ctx: Context,
  actor: Actor,
  { page, per_page }: { page: number; per_page: number },
): Promise<{ conversations: Conversation[]; total: number }> {
  const all = await joinedConversations(ctx, actor);
  return { conversations: all.slice((page - 1) * per_page, page * per_page), total: all.length };
}
