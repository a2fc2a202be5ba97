import {
  changesQuery,
  deleteMessageQuery,
  editMessage as editMessageBody,
  historyQuery,
  markRead as markReadBody,
  sendMessage,
} from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { actorOf, body, ok, query, router, signedIn, viewerOf } from "../route.ts";
import { asSent } from "./as-sent.ts";
import { roomChanges } from "./changes.ts";
import { deleteMessage } from "./delete.ts";
import { editMessage } from "./edit.ts";
import { history, type HistoryPage } from "./history.ts";
import { markRead } from "./mark-read.ts";
import { listPins, pinMessage, unpinMessage } from "./pins.ts";
import { react, reactors } from "./react.ts";
import { recallMessage } from "./recall.ts";
import { receipts } from "./receipts.ts";
import { send } from "./send.ts";
import { versions } from "./versions.ts";

/** The `meta` of a page of a timeline. */
export function historyMeta({ messages, hasMore }: HistoryPage) {
  return { has_more: hasMore, oldest_id: messages.at(0)?.id ?? null, newest_id: messages.at(-1)?.id ?? null };
}

export function messageRoutes(ctx: Context) {
  return router()
    .get("/rooms/:id/messages", query(historyQuery), async (c) => {
      const input = { room_id: c.req.param("id"), ...c.req.valid("query") };
      const found = await history(ctx, viewerOf(c), input);
      return ok(c, found.messages, { meta: historyMeta(found) });
    })
    .post("/rooms/:id/messages", signedIn, ...body(sendMessage), async (c) => {
      const sent = await send(ctx, actorOf(c), { room_id: c.req.param("id"), ...c.req.valid("json") });
      return ok(c, await asSent(ctx, actorOf(c), sent), { status: sent.isRepeat ? 200 : 201 });
    })
    .post("/rooms/:id/messages/read", signedIn, ...body(markReadBody), async (c) => {
      const input = { room_id: c.req.param("id"), message_id: c.req.valid("json").last_read_message_id };
      return ok(c, await markRead(ctx, actorOf(c), input, { durably: true }));
    })
    .get("/messages/:id/reactions", async (c) => ok(c, await reactors(ctx, viewerOf(c), c.req.param("id"))))
    .put("/messages/:id/reactions/:emoji", async (c) => {
      const { id: message_id, emoji } = c.req.param();
      return ok(c, await react(ctx, actorOf(c), { message_id, emoji, added: true }));
    })
    .delete("/messages/:id/reactions/:emoji", async (c) => {
      const { id: message_id, emoji } = c.req.param();
      return ok(c, await react(ctx, actorOf(c), { message_id, emoji, added: false }));
    })
    .get("/rooms/:id/pins", async (c) => ok(c, await listPins(ctx, viewerOf(c), c.req.param("id"))))
    .put("/rooms/:id/pins/:message_id", async (c) => {
      const { id: room_id, message_id } = c.req.param();
      await pinMessage(ctx, actorOf(c), { room_id, message_id });
      return ok(c, { room_id, message_id });
    })
    .delete("/rooms/:id/pins/:message_id", async (c) => {
      const { id: room_id, message_id } = c.req.param();
      await unpinMessage(ctx, actorOf(c), { room_id, message_id });
      return ok(c, { room_id, message_id });
    })
    .on(["PATCH", "PUT"], "/messages/:id", signedIn, ...body(editMessageBody), async (c) =>
      ok(c, await editMessage(ctx, actorOf(c), { message_id: c.req.param("id"), ...c.req.valid("json") })),
    )
    .delete("/messages/:id", signedIn, query(deleteMessageQuery), async (c) => {
      const input = { message_id: c.req.param("id"), ...c.req.valid("query") };
      return ok(c, await deleteMessage(ctx, actorOf(c), input));
    })
    .put("/messages/:id/recall", async (c) => ok(c, await recallMessage(ctx, actorOf(c), c.req.param("id"))))
    .get("/messages/:id/versions", async (c) => ok(c, await versions(ctx, actorOf(c), c.req.param("id"))))
    .get("/messages/:id/receipts", async (c) => ok(c, await receipts(ctx, actorOf(c), c.req.param("id"))))
    .get("/rooms/:id/changes", query(changesQuery), async (c) => {
      const { since_rev, limit } = c.req.valid("query");
      const changes = await roomChanges(ctx, viewerOf(c), c.req.param("id"), since_rev, limit);
      return ok(c, changes, { meta: { rev: changes.rev, has_more: changes.has_more, epoch: ctx.epoch } });
    });
}
