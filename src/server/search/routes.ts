import { searchMessagesQuery } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { actorOf, ok, query, router, signedIn, viewerOf, type RouteContext } from "../route.ts";
import { searchMine, searchRoom } from "./search.ts";

/** Per person, or per address of guests: more than typing asks for, less than the database can give. */
const searchRate = { perSecond: 10, burst: 50 };

export function searchRoutes(ctx: Context) {
  const demandRate = (c: RouteContext) =>
    ctx.limits.demandOfAll("search", c.var.viewer?.id ?? c.var.address, searchRate);
  const answer = (c: RouteContext, { hits, hasMore, oldestId }: Awaited<ReturnType<typeof searchMine>>) =>
    ok(c, hits, { meta: { has_more: hasMore, oldest_id: oldestId, newest_id: hits[0]?.id ?? null } });
  return router()
    .get("/rooms/:id/messages/search", query(searchMessagesQuery), async (c) => {
      const viewer = viewerOf(c);
      await demandRate(c);
      return answer(c, await searchRoom(ctx, viewer, c.req.param("id"), c.req.valid("query")));
    })
    .get("/messages/search", signedIn, query(searchMessagesQuery), async (c) => {
      await demandRate(c);
      return answer(c, await searchMine(ctx, actorOf(c), c.req.valid("query")));
    });
}
