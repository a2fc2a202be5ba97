import { and, asc, gte, inArray, isNull } from "drizzle-orm";
import type { EventPayload } from "../../protocol/events.ts";
import type { Context } from "../context.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";
import { unreadCounts } from "./store.ts";
import { wireNotifications } from "./wire.ts";

/** Of more there is no use in telling one by one. */
const mostAtOnce = 1_000;

/** What these people were notified of since a time and have not read, the oldest first, as their devices hear of it. */
export async function unreadSince(
  ctx: Context,
  userKeys: readonly number[],
  sinceMs: number,
): Promise<{ userKey: number; notification: EventPayload<"notification"> }[]> {
  const { notifications } = ctx.db.tables;
  const rows = await ctx.db.read
    .select()
    .from(notifications)
    .where(
      and(
        inArray(notifications.user_key, jsonNumbers(ctx.db, userKeys)),
        isNull(notifications.read_at),
        gte(notifications.created_at, sinceMs),
      ),
    )
    .orderBy(asc(notifications.key))
    .limit(mostAtOnce);
  if (rows.length === 0) return [];
  const counts = await unreadCounts(ctx, [...new Set(rows.map(({ user_key }) => user_key))]);
  const wire = await wireNotifications(ctx, rows);
  return rows.flatMap(({ user_key }, index) => {
    const notification = wire[index];
    const unread_count = counts.get(user_key) ?? 0;
    return notification ? [{ userKey: user_key, notification: { ...notification, unread_count } }] : [];
  });
}
