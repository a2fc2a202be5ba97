import { historyQuery, pageQuery, sendMessage } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { asSent } from "../messages/as-sent.ts";
import { historyMeta } from "../messages/routes.ts";
import { actorOf, body, ok, query, router, signedIn } from "../route.ts";
import { clearConversation } from "./clear.ts";
import { listConversations } from "./conversations.ts";
import { directHistory } from "./history.ts";
import { sendDirect } from "./send.ts";

export function directRoutes(ctx: Context) {
  return router()
    .get("/direct-messages/conversations", signedIn, query(pageQuery), async (c) => {
      const input = c.req.valid("query");
      const { conversations, total } = await listConversations(ctx, actorOf(c), input);
      const meta = { ...input, total, has_more: input.page * input.per_page < total };
      return ok(c, conversations, { meta });
    })
    .get("/direct-messages/:user_id", signedIn, query(historyQuery), async (c) => {
      const found = await directHistory(ctx, actorOf(c), c.req.param("user_id"), c.req.valid("query"));
      return ok(c, found.messages, { meta: historyMeta(found) });
    })
    .post("/direct-messages/:user_id", signedIn, ...body(sendMessage), async (c) => {
      const sent = await sendDirect(ctx, actorOf(c), c.req.param("user_id"), c.req.valid("json"));
      return ok(c, await asSent(ctx, actorOf(c), sent), { status: sent.isRepeat ? 200 : 201 });
    })
    .delete("/direct-messages/:user_id", async (c) =>
      ok(c, await clearConversation(ctx, actorOf(c), c.req.param("user_id"))),
    );
}
