import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachDialect } from "../support/dialects.ts";
import { guestSocket, request } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, makeRoom, membersOf, official, readRoom, standing } from "./rooms-cast.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  describe("joining", () => {
    test("brings the room to all of one's devices, then tells everybody, with a line of the same rev", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id, rev } = await makeRoom(ann);
      const watcher = await ann.connect();
      const phone = await ben.connect();
      const desk = await (await ben.onAnotherDevice()).connect();
      const answer = await ben.http("POST", `/rooms/${id}/join`);
      expect(answer.data).toEqual({ room_id: id, joined_at: expect.any(String), role: "member" });
      for (const socket of [phone, desk]) {
        const { payload } = await socket.next("room_added");
        expect(payload.room).toMatchObject({ id, rev: rev + 1, unread_count: 0, my_role: "member", member_count: 2 });
        expect(payload.room.read_seq).toBe(payload.room.last_seq);
      }
      for (const socket of [watcher, phone, desk]) {
        const joined = await socket.next("user_joined");
        expect(joined.payload).toMatchObject({
          room_id: id,
          rev: rev + 1,
          user: { id: ben.id, username: ben.username },
        });
        const line = await socket.next("new_message");
        expect(line.payload).toMatchObject({
          rev: rev + 1,
          type: "system",
          sender: { id: ben.id },
          system: { kind: "member_joined", actor: { id: ben.id } },
        });
      }
      // Signing in there is told here as well.
      const others = new Set(["connected", "ready", "me_updated"]);
      const told = phone.frames.map(({ type }) => type).filter((type) => !others.has(type));
      expect(told.slice(0, 3)).toEqual(["room_added", "user_joined", "new_message"]);
      await watcher.fence();
      expect(watcher.seen("room_added")).toEqual([]);
    });

    test("again changes nothing and says so to nobody", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const watcher = await ann.connect();
      const first = await ben.http("POST", `/rooms/${id}/join`);
      const { rev } = await readRoom(ann, id);
      const socket = await ben.connect();
      expect((await socket.ack("join_room", { room_id: id })).payload).toEqual({ room_id: id });
      expect((await ben.http("POST", `/rooms/${id}/join`)).data).toEqual(first.data);
      expect((await ann.http("POST", `/rooms/${id}/join`)).data).toMatchObject({ role: "owner" });
      expect((await readRoom(ann, id)).rev).toBe(rev);
      await watcher.fence();
      expect(watcher.seen("user_joined")).toEqual([]);
    });

    test("is refused when the room is full, and without signing in", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { max_members: 2 });
      expect((await ben.http("POST", `/rooms/${id}/join`)).outcome).toBe("200");
      expect((await cas.http("POST", `/rooms/${id}/join`)).outcome).toBe("409 ROOM_FULL");
      expect((await cas.http("POST", `/rooms/${id}/messages`, { content: "hi" })).outcome).toBe("403 FORBIDDEN");
      expect((await request(server, "POST", `/rooms/${id}/join`)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await readRoom(ann, id)).member_count).toBe(2);
    });

    test("as a guest is watching: what is said is heard, and nobody learns of it", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const hidden = await makeRoom(ann, { type: "private" });
      const guest = await guestSocket(server);
      await guest.ack("join_room", { room_id: id });
      const socket = await ann.connect();
      await socket.say(id, "welcome");
      expect((await guest.next("new_message")).payload.content).toBe("welcome");
      const refused = await guest.request("join_room", { room_id: hidden.id });
      expect(refused.payload).toMatchObject({ code: "ROOM_NOT_FOUND" });
      await guest.ack("leave_room", { room_id: id });
      await socket.say(id, "goodbye");
      await guest.fence();
      expect(guest.seen("new_message")).toHaveLength(1);
      expect((await readRoom(ann, id)).member_count).toBe(1);
    });
  });

  describe("leaving", () => {
    test("is told to who stays and to who goes, whose devices then leave the room", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id, rev } = await makeRoom(ann, { members: [ben] });
      const stays = await ann.connect();
      const goes = await ben.connect();
      expect((await goes.ack("leave_room", { room_id: id })).payload).toEqual({ room_id: id });
      for (const socket of [stays, goes]) {
        const left = await socket.next("user_left");
        expect(left.payload).toEqual({ room_id: id, user_id: ben.id, reason: "left", rev: rev + 1 });
      }
      expect((await stays.next("new_message")).payload.system).toMatchObject({ kind: "member_left" });
      expect((await goes.next("room_removed")).payload).toEqual({ room_id: id, reason: "left" });
      await stays.say(id, "gone?");
      await goes.fence();
      expect(goes.seen("new_message").filter(({ content }) => content === "gone?")).toEqual([]);
      expect(await standing(ann, id)).toBe("ann:owner");
    });

    test("a room that one is not in is refused; coming back starts with nothing unread", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
      expect((await ben.http("POST", `/rooms/${id}/leave`)).data).toMatchObject({ room_id: id, role: "admin" });
      expect((await ben.http("POST", `/rooms/${id}/leave`)).outcome).toBe("403 FORBIDDEN");
      await ann.http("POST", `/rooms/${id}/messages`, { content: "while you were away" });
      expect((await ben.http("POST", `/rooms/${id}/join`)).data).toMatchObject({ role: "member" });
      const { payload } = await (await ben.connect({ early: true })).ready();
      expect(payload.rooms.find((room) => room.id === id)).toMatchObject({ unread_count: 0, my_role: "member" });
    });

    test("an owner hands the room over first; alone, the room goes with them", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      expect((await ann.http("POST", `/rooms/${id}/leave`)).outcome).toBe("409 OWNER_MUST_TRANSFER");
      await ben.http("POST", `/rooms/${id}/leave`);
      const socket = await ann.connect();
      expect((await ann.http("POST", `/rooms/${id}/leave`)).outcome).toBe("200");
      await socket.next("room_deleted");
      expect((await socket.next("room_removed")).payload).toEqual({ room_id: id, reason: "deleted" });
      expect((await ann.http("GET", `/rooms/${id}`)).outcome).toBe("404 ROOM_NOT_FOUND");
    });
  });

  describe("adding people", () => {
    test("owner, admin and moderators may; members and those outside may not", async () => {
      const { ann, ben, cas, dan, eve, fay } = await cast(server, "ann", "ben", "cas", "dan", "eve", "fay");
      const moderator = await official(server, "moderator");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
      for (const [who, whom] of [
        [ann, dan],
        [ben, eve],
        [moderator, fay],
      ] as const) {
        const answer = await who.http("POST", `/rooms/${id}/members`, { user_ids: [whom.id] });
        expect(answer.data).toMatchObject({ room_id: id, added: [{ user_id: whom.id, role: "member" }], skipped: [] });
      }
      const { gus } = await cast(server, "gus");
      for (const who of [cas, gus]) {
        const answer = await who.http("POST", `/rooms/${id}/members`, { user_ids: [gus.id] });
        expect(answer.outcome).toBe("403 FORBIDDEN");
      }
      expect((await readRoom(ann, id)).member_count).toBe(6);
    });

    test("they get the room on their devices, everybody hears of each; who is there already is not added again", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const { id, rev } = await makeRoom(ann, { type: "private", members: [ben] });
      const [inside, added] = [await ben.connect(), await cas.connect()];
      const nobody = Bun.randomUUIDv7();
      const user_ids = [ben.id, cas.id, dan.id, cas.id, nobody];
      const answer = await ann.http("POST", `/rooms/${id}/members`, { user_ids });
      expect(answer.data).toMatchObject({ added: [{ user_id: cas.id }, { user_id: dan.id }], skipped: [nobody] });
      expect((await added.next("room_added")).payload.room).toMatchObject({ id, type: "private", member_count: 4 });
      const joined = [await inside.next("user_joined"), await inside.next("user_joined")];
      expect(joined.map(({ payload }) => [payload.user.id, payload.rev])).toEqual([
        [cas.id, rev + 1],
        [dan.id, rev + 1],
      ]);
      const lines = [await inside.next("new_message"), await inside.next("new_message")];
      expect(lines.map(({ payload }) => [payload.system?.kind, payload.system?.target?.id])).toEqual([
        ["member_added", cas.id],
        ["member_added", dan.id],
      ]);
    });

    test("all who can be added find room, or none comes in", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { max_members: 2 });
      const answer = await ann.http("POST", `/rooms/${id}/members`, { user_ids: [ben.id, cas.id] });
      expect(answer.outcome).toBe("409 ROOM_FULL");
      expect(await membersOf(ann, id)).toHaveLength(1);
      const nobody = await ann.http("POST", `/rooms/${id}/members`, { user_ids: ["nobody"] });
      expect(nobody.data).toEqual({ room_id: id, added: [], skipped: ["nobody"] });
    });
  });

  describe("the list of members", () => {
    test("begins with the owner and the admins, goes by pages and is searched", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const { id } = await makeRoom(ann, { members: [dan, ben, cas] });
      await ann.http("PATCH", `/rooms/${id}/members/${cas.id}`, { role: "admin" });
      await ben.http("PATCH", "/users/me", { display_name: "Benjamin 50%" });
      expect(await standing(dan, id)).toBe("ann:owner, cas:admin, ben:member, dan:member");
      const page = await dan.http("GET", `/rooms/${id}/members?page=2&per_page=3`);
      expect(page.meta).toEqual({ page: 2, per_page: 3, total: 4, has_more: false, online_count: expect.any(Number) });
      expect(page.data).toMatchObject([{ user_id: dan.id, muted_until: null, joined_at: expect.any(String) }]);
      const found = await dan.http("GET", `/rooms/${id}/members?search=${encodeURIComponent("JAMIN 50%")}`);
      expect(found.data).toMatchObject([{ user_id: ben.id, display_name: "Benjamin 50%" }]);
      expect(found.meta).toMatchObject({ total: 1 });
      expect((await dan.http("GET", `/rooms/${id}/members?search=%25%25`)).data).toEqual([]);
    });
  });
});
