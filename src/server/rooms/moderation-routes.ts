import {
  banMember as banMemberBody,
  createRoomInvite as createRoomInviteBody,
  pageQuery,
} from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { actorOf, body, ok, pageMeta, query, router, signedIn } from "../route.ts";
import { acceptInvite, previewInvite } from "./accept-invite.ts";
import { banMember, listBans, unbanMember } from "./ban.ts";
import { createRoomInvite, listRoomInvites, revokeRoomInvite } from "./invites.ts";

/** Bans and invitations: who is kept out of rooms and who is let in. */
export function moderationRoutes(ctx: Context) {
  return router()
    .get("/rooms/:id/bans", signedIn, query(pageQuery), async (c) => {
      const input = c.req.valid("query");
      const { bans, total } = await listBans(ctx, actorOf(c), { room_id: c.req.param("id"), ...input });
      return ok(c, bans, { meta: pageMeta(input, total) });
    })
    .put("/rooms/:id/bans/:user_id", signedIn, ...body(banMemberBody), async (c) => {
      const { id, user_id } = c.req.param();
      return ok(c, await banMember(ctx, actorOf(c), { room_id: id, user_id, ...c.req.valid("json") }));
    })
    .delete("/rooms/:id/bans/:user_id", async (c) => {
      const { id, user_id } = c.req.param();
      await unbanMember(ctx, actorOf(c), { room_id: id, user_id });
      return ok(c, { room_id: id, user_id });
    })
    .post("/rooms/:id/invites", signedIn, ...body(createRoomInviteBody), async (c) => {
      const input = { room_id: c.req.param("id"), ...c.req.valid("json") };
      return ok(c, await createRoomInvite(ctx, actorOf(c), input), { status: 201 });
    })
    .get("/rooms/:id/invites", async (c) => ok(c, await listRoomInvites(ctx, actorOf(c), c.req.param("id"))))
    .delete("/rooms/:id/invites/:code", async (c) => {
      const { id, code } = c.req.param();
      await revokeRoomInvite(ctx, actorOf(c), { room_id: id, code });
      return ok(c, { room_id: id, code });
    })
    .get("/invites/:code", async (c) => ok(c, await previewInvite(ctx, actorOf(c), c.req.param("code"))))
    .post("/invites/:code/accept", async (c) => ok(c, await acceptInvite(ctx, actorOf(c), c.req.param("code"))));
}
