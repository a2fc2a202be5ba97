import { listNotificationsQuery, readNotifications as readNotificationsBody } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { actorOf, body, ok, query, router, signedIn } from "../route.ts";
import { listNotifications } from "./list.ts";
import { readNotifications } from "./mark-read.ts";

export function notificationRoutes(ctx: Context) {
  return router()
    .get("/notifications", signedIn, query(listNotificationsQuery), async (c) => {
      const input = c.req.valid("query");
      const { notifications, total, unreadCount } = await listNotifications(ctx, actorOf(c), input);
      const { page, per_page } = input;
      const meta = { page, per_page, total, has_more: page * per_page < total, unread_count: unreadCount };
      return ok(c, notifications, { meta });
    })
    .post("/notifications/read", signedIn, ...body(readNotificationsBody), async (c) =>
      ok(c, await readNotifications(ctx, actorOf(c), c.req.valid("json"))),
    );
}
