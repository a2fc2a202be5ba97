import type { Notification } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { settledEverywhere } from "./settle.ts";
import { pageOf, unreadCounts } from "./store.ts";
import { wireNotifications } from "./wire.ts";

interface ListInput {
  unread: boolean;
  page: number;
  per_page: number;
}

interface NotificationPage {
  notifications: Notification[];
  total: number;
  unreadCount: number;
}

/** A page of one's notifications, the newest first. */
export async function listNotifications(ctx: Context, actor: Actor, input: ListInput): Promise<NotificationPage> {
  const { unread, page, per_page } = input;
  await settledEverywhere(ctx);
  const { rows, total } = await pageOf(ctx, actor.key, { unread, limit: per_page, offset: (page - 1) * per_page });
  const notifications = await wireNotifications(ctx, rows);
  return { notifications, total, unreadCount: (await unreadCounts(ctx, [actor.key])).get(actor.key) ?? 0 };
}

/** How many each of these people has yet to read; who is missing has none. */
export function unreadNotifications(ctx: Context, userKeys: readonly number[]): Promise<ReadonlyMap<number, number>> {
  return unreadCounts(ctx, userKeys);
}
