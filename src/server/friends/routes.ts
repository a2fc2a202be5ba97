import { listFriendRequestsQuery, pageQuery, requestFriend as requestFriendBody } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { actorOf, body, ok, pageMeta, query, router, signedIn } from "../route.ts";
import { acceptRequest, rejectRequest, withdrawRequest } from "./answer.ts";
import { block, unblock } from "./block.ts";
import { listBlocks, listFriends, listRequests } from "./lists.ts";
import { removeFriend } from "./remove.ts";
import { requestFriend } from "./request.ts";

/** `/friends` and `/blocks`. */
export function friendRoutes(ctx: Context) {
  return router()
    .get("/friends", signedIn, query(pageQuery), async (c) => {
      const page = c.req.valid("query");
      const { friends, total } = await listFriends(ctx, actorOf(c), page);
      return ok(c, friends, { meta: pageMeta(page, total) });
    })
    .get("/friends/requests", signedIn, query(listFriendRequestsQuery), async (c) => {
      const { direction, ...page } = c.req.valid("query");
      const { requests, total } = await listRequests(ctx, actorOf(c), direction, page);
      return ok(c, requests, { meta: pageMeta(page, total) });
    })
    .post("/friends/requests", signedIn, ...body(requestFriendBody), async (c) =>
      ok(c, await requestFriend(ctx, actorOf(c), c.req.valid("json")), { status: 201 }),
    )
    .post("/friends/requests/:id/accept", signedIn, async (c) =>
      ok(c, await acceptRequest(ctx, actorOf(c), c.req.param("id"))),
    )
    .post("/friends/requests/:id/reject", signedIn, async (c) => {
      await rejectRequest(ctx, actorOf(c), c.req.param("id"));
      return ok(c, null);
    })
    .delete("/friends/requests/:id", signedIn, async (c) => {
      await withdrawRequest(ctx, actorOf(c), c.req.param("id"));
      return ok(c, null);
    })
    .delete("/friends/:user_id", signedIn, async (c) => {
      await removeFriend(ctx, actorOf(c), c.req.param("user_id"));
      return ok(c, null);
    })
    .get("/blocks", signedIn, query(pageQuery), async (c) => {
      const page = c.req.valid("query");
      const { blocked, total } = await listBlocks(ctx, actorOf(c), page);
      return ok(c, blocked, { meta: pageMeta(page, total) });
    })
    .put("/blocks/:user_id", signedIn, async (c) => {
      await block(ctx, actorOf(c), c.req.param("user_id"));
      return ok(c, null);
    })
    .delete("/blocks/:user_id", signedIn, async (c) => {
      await unblock(ctx, actorOf(c), c.req.param("user_id"));
      return ok(c, null);
    });
}
