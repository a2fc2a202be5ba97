import {
  addMembers as addMembersBody,
  createRoom as createRoomBody,
  listMembersQuery,
  listRoomsQuery,
  onlineQuery,
  setNotifyLevel as setNotifyLevelBody,
  transferRoom as transferRoomBody,
  updateMember as updateMemberBody,
  updateRoom as updateRoomBody,
} from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { actorOf, body, ok, pageMeta, query, router, signedIn, viewerOf } from "../route.ts";
import { addMembers } from "./add-members.ts";
import { changeMember } from "./change-member.ts";
import { createRoom } from "./create.ts";
import { deleteRoom } from "./delete.ts";
import { joinRoom } from "./join.ts";
import { leaveRoom } from "./leave.ts";
import { listRooms, readRoom } from "./list.ts";
import { listMembers } from "./members.ts";
import { listOnline } from "./online.ts";
import { removeMember } from "./remove-member.ts";
import { setNotifyLevel } from "./set-notify-level.ts";
import { transferRoom } from "./transfer.ts";
import { updateRoom } from "./update.ts";

export function roomRoutes(ctx: Context) {
  return router()
    .get("/users/online", signedIn, query(onlineQuery), async (c) => {
      const input = c.req.valid("query");
      const { users, total } = await listOnline(ctx, actorOf(c), input);
      return ok(c, users, { meta: pageMeta(input, total) });
    })
    .post("/rooms", signedIn, ...body(createRoomBody), async (c) =>
      ok(c, await createRoom(ctx, actorOf(c), c.req.valid("json")), { status: 201 }),
    )
    .get("/rooms", query(listRoomsQuery), async (c) => {
      const input = c.req.valid("query");
      const { rooms, total } = await listRooms(ctx, viewerOf(c), input);
      return ok(c, rooms, { meta: pageMeta(input, total) });
    })
    .get("/rooms/:id", async (c) => ok(c, await readRoom(ctx, viewerOf(c), c.req.param("id"))))
    .on(["PATCH", "PUT"], "/rooms/:id", signedIn, ...body(updateRoomBody), async (c) =>
      ok(c, await updateRoom(ctx, actorOf(c), { room_id: c.req.param("id"), ...c.req.valid("json") })),
    )
    .delete("/rooms/:id", async (c) => {
      const room_id = c.req.param("id");
      await deleteRoom(ctx, actorOf(c), { room_id });
      return ok(c, { room_id });
    })
    .post("/rooms/:id/join", async (c) => ok(c, await joinRoom(ctx, actorOf(c), { room_id: c.req.param("id") })))
    .post("/rooms/:id/leave", async (c) => ok(c, await leaveRoom(ctx, actorOf(c), { room_id: c.req.param("id") })))
    .get("/rooms/:id/members", query(listMembersQuery), async (c) => {
      const input = c.req.valid("query");
      const found = await listMembers(ctx, viewerOf(c), { room_id: c.req.param("id"), ...input });
      return ok(c, found.members, {
        meta: { ...pageMeta(input, found.total), online_count: found.online_count },
      });
    })
    .post("/rooms/:id/members", signedIn, ...body(addMembersBody), async (c) =>
      ok(c, await addMembers(ctx, actorOf(c), { room_id: c.req.param("id"), ...c.req.valid("json") })),
    )
    .on(["PATCH", "PUT"], "/rooms/:id/members/:user_id", signedIn, ...body(updateMemberBody), async (c) => {
      const { id, user_id } = c.req.param();
      return ok(c, await changeMember(ctx, actorOf(c), { room_id: id, user_id, ...c.req.valid("json") }));
    })
    .delete("/rooms/:id/members/:user_id", async (c) => {
      const { id, user_id } = c.req.param();
      await removeMember(ctx, actorOf(c), { room_id: id, user_id });
      return ok(c, { room_id: id, user_id });
    })
    .put("/rooms/:id/notifications", signedIn, ...body(setNotifyLevelBody), async (c) =>
      ok(c, await setNotifyLevel(ctx, actorOf(c), { room_id: c.req.param("id"), ...c.req.valid("json") })),
    )
    .post("/rooms/:id/transfer", signedIn, ...body(transferRoomBody), async (c) =>
      ok(c, await transferRoom(ctx, actorOf(c), { room_id: c.req.param("id"), ...c.req.valid("json") })),
    );
}
