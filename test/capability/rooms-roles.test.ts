import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachDialect } from "../support/dialects.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, makeRoom, official, outcomes, readRoom, standing } from "./rooms-cast.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  describe("putting people out", () => {
    test("owner: anybody; admin: members; moderators: anybody but the owner; members: nobody", async () => {
      const { ann, ben, cas, dan, eve } = await cast(server, "ann", "ben", "cas", "dan", "eve");
      const moderator = await official(server, "moderator");
      const { id } = await makeRoom(ann, { members: [ben, cas, dan, eve] });
      for (const { id: userId } of [ben, cas]) {
        await ann.http("PATCH", `/rooms/${id}/members/${userId}`, { role: "admin" });
      }
      const kick = async (who: typeof ann, whom: typeof ann) =>
        (await who.http("DELETE", `/rooms/${id}/members/${whom.id}`)).outcome;
      expect(await kick(dan, eve)).toBe("403 FORBIDDEN");
      expect(await kick(ben, ann)).toBe("403 FORBIDDEN");
      expect(await kick(ben, cas)).toBe("403 FORBIDDEN");
      expect(await kick(ben, ben)).toBe("403 FORBIDDEN");
      expect(await kick(ann, ann)).toBe("403 FORBIDDEN");
      expect(await kick(moderator, ann)).toBe("403 FORBIDDEN");
      expect(await kick(ann, moderator)).toBe("404 USER_NOT_FOUND");
      expect(await kick(ben, dan)).toBe("200");
      expect(await kick(ben, dan)).toBe("404 USER_NOT_FOUND");
      expect(await kick(moderator, ben)).toBe("200");
      expect(await kick(ann, cas)).toBe("200");
      const malformed = await ann.http("DELETE", `/rooms/${id}/members/%00`);
      expect(malformed.outcome).toBe("404 USER_NOT_FOUND");
      expect(await standing(ann, id)).toBe("ann:owner, eve:member");
    });

    test("moderators act also in a private room that they are in", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const moderator = await official(server, "moderator");
      const { id } = await makeRoom(ann, { type: "private", members: [ben, moderator] });
      expect((await moderator.http("PATCH", `/rooms/${id}`, { description: "quiet, please" })).outcome).toBe("200");
      expect((await moderator.http("DELETE", `/rooms/${id}/members/${ben.id}`)).outcome).toBe("200");
      await ann.http("DELETE", `/rooms/${id}/members/${moderator.id}`);
      expect((await moderator.http("PATCH", `/rooms/${id}`, { name: "mine" })).outcome).toBe("404 ROOM_NOT_FOUND");
    });

    test("is known at once to their devices and to everything they try", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id, rev } = await makeRoom(ann, { type: "private", members: [ben, cas] });
      const [stays, goes] = [await cas.connect(), await ben.connect()];
      await goes.say(id, "still here");
      await stays.next("new_message");
      expect((await ann.http("DELETE", `/rooms/${id}/members/${ben.id}`)).outcome).toBe("200");
      const refused = await goes.request("send_message", { room_id: id, content: "and now?", temp_id: "t" });
      expect(refused.payload).toMatchObject({ code: "ROOM_NOT_FOUND", temp_id: "t" });
      for (const socket of [stays, goes]) {
        const left = await socket.next("user_left");
        expect(left.payload).toEqual({ room_id: id, user_id: ben.id, reason: "kicked", rev: rev + 2 });
      }
      const line = await stays.next("new_message");
      expect(line.payload.system).toMatchObject({
        kind: "member_kicked",
        actor: { id: ann.id },
        target: { id: ben.id },
      });
      expect((await goes.next("room_removed")).payload).toEqual({ room_id: id, reason: "kicked" });
      await (await ann.connect()).say(id, "among ourselves");
      await stays.next("new_message");
      await goes.fence();
      expect(goes.seen("new_message").map(({ content }) => content)).not.toContain("among ourselves");
      expect((await ben.http("GET", `/rooms/${id}/messages`)).outcome).toBe("404 ROOM_NOT_FOUND");
    });
  });

  describe("roles", () => {
    test("the owner promotes and demotes; nobody else does, whatever their role on the server", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const administrator = await official(server, "admin");
      const { id, rev } = await makeRoom(ann, { members: [ben, cas] });
      const socket = await cas.connect();
      const give = (who: typeof ann, whom: typeof ann, role: string) =>
        who.http("PATCH", `/rooms/${id}/members/${whom.id}`, { role });
      expect((await give(ann, ben, "admin")).data).toMatchObject({ user_id: ben.id, role: "admin" });
      const updated = await socket.next("member_updated");
      expect(updated.payload).toMatchObject({ room_id: id, rev: rev + 1, member: { user_id: ben.id, role: "admin" } });
      const line = await socket.next("new_message");
      expect(line.payload).toMatchObject({
        rev: rev + 1,
        system: { kind: "role_changed", value: "admin", target: { id: ben.id } },
      });
      expect((await give(ann, ben, "admin")).outcome).toBe("200");
      expect((await readRoom(ann, id)).rev).toBe(rev + 1);
      for (const who of [ben, cas, dan, administrator]) {
        expect((await give(who, cas, "admin")).outcome).toBe("403 FORBIDDEN");
      }
      expect((await give(ann, ann, "member")).outcome).toBe("409 OWNER_MUST_TRANSFER");
      expect((await give(ann, dan, "admin")).outcome).toBe("404 USER_NOT_FOUND");
      expect((await give(ann, ben, "owner")).outcome).toBe("422 VALIDATION_ERROR");
      expect((await give(ann, ben, "member")).outcome).toBe("200");
      expect(await standing(ann, id)).toBe("ann:owner, ben:member, cas:member");
    });

    test("a demoted admin loses the right with the answer to the owner", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
      await ben.http("PATCH", `/rooms/${id}`, { description: "by ben" });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "member" });
      expect((await ben.http("PATCH", `/rooms/${id}`, { description: "again" })).outcome).toBe("403 FORBIDDEN");
      expect((await ben.http("DELETE", `/rooms/${id}/members/${cas.id}`)).outcome).toBe("403 FORBIDDEN");
    });
  });

  describe("handing a room over", () => {
    test("makes the former owner an admin; only the owner does it, and only to a member", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const administrator = await official(server, "admin");
      const { id, rev } = await makeRoom(ann, { members: [ben] });
      const give = (who: typeof ann, whom: typeof ann) =>
        who.http("POST", `/rooms/${id}/transfer`, { user_id: whom.id });
      expect((await give(ben, ben)).outcome).toBe("403 FORBIDDEN");
      expect((await give(administrator, ben)).outcome).toBe("403 FORBIDDEN");
      expect((await give(ann, cas)).outcome).toBe("404 USER_NOT_FOUND");
      expect((await give(ann, ann)).outcome).toBe("422 VALIDATION_ERROR");
      const socket = await ben.connect();
      expect((await give(ann, ben)).data).toMatchObject({ id, owner: { id: ben.id, username: ben.username } });
      const roles = [await socket.next("member_updated"), await socket.next("member_updated")];
      expect(roles.map(({ payload }) => [payload.member.user_id, payload.member.role, payload.rev])).toEqual([
        [ben.id, "owner", rev + 1],
        [ann.id, "admin", rev + 1],
      ]);
      const updated = await socket.next("room_updated");
      expect(updated.payload).toMatchObject({ rev: rev + 1, room: { owner: { id: ben.id } } });
      expect((await socket.next("new_message")).payload.system).toMatchObject({
        kind: "owner_changed",
        target: { id: ben.id },
      });
      expect((await give(ann, ann)).outcome).toBe("403 FORBIDDEN");
      expect((await ann.http("POST", `/rooms/${id}/leave`)).outcome).toBe("200");
      expect(await standing(ben, id)).toBe("ben:owner");
    });
  });

  describe("deleting a room", () => {
    test("belongs to the owner and to moderators, not to an admin, a member or somebody else", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
      for (const who of [ben, cas, dan])
        expect((await who.http("DELETE", `/rooms/${id}`)).outcome).toBe("403 FORBIDDEN");
      expect((await ann.http("DELETE", `/rooms/${id}`)).outcome).toBe("200");
      expect((await ann.http("DELETE", `/rooms/${id}`)).outcome).toBe("404 ROOM_NOT_FOUND");
      for (const role of ["moderator", "admin"] as const) {
        const another = await makeRoom(ann);
        expect((await (await official(server, role)).http("DELETE", `/rooms/${another.id}`)).outcome).toBe("200");
      }
    });

    test("is told to everybody in it and ends it for them at once", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id, rev } = await makeRoom(ann, { members: [ben] });
      const socket = await ben.connect();
      await socket.say(id, "hello");
      await ann.http("DELETE", `/rooms/${id}`);
      expect((await socket.next("room_deleted")).payload).toEqual({ room_id: id, rev: rev + 2 });
      expect((await socket.next("room_removed")).payload).toEqual({ room_id: id, reason: "deleted" });
      const refused = await socket.request("send_message", { room_id: id, content: "still?", temp_id: "t" });
      expect(refused.payload).toMatchObject({ code: "ROOM_NOT_FOUND" });
      const { payload } = await (await ben.connect({ early: true })).ready();
      expect(payload.rooms.map((room) => room.id)).not.toContain(id);
      expect((await ben.http("GET", `/rooms/${id}/messages`)).outcome).toBe("404 ROOM_NOT_FOUND");
    });
  });

  describe("at once", () => {
    test("of many who want the last place one gets it", async () => {
      const { ann, ben, cas, dan, eve } = await cast(server, "ann", "ben", "cas", "dan", "eve");
      const { id } = await makeRoom(ann, { max_members: 2 });
      const answers = await Promise.all([ben, cas, dan, eve].map((who) => who.http("POST", `/rooms/${id}/join`)));
      expect(outcomes(answers)).toEqual(["200", "409 ROOM_FULL", "409 ROOM_FULL", "409 ROOM_FULL"]);
      expect(await readRoom(ann, id)).toMatchObject({ member_count: 2, rev: 2, last_seq: 2 });
    });

    test("joining twice makes one member, one event and one line", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann);
      const socket = await ann.connect();
      const answers = await Promise.all([1, 2, 3].map(() => ben.http("POST", `/rooms/${id}/join`)));
      expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 3 }, () => answers[0]?.data));
      await socket.next("user_joined");
      await socket.fence();
      expect(socket.seen("user_joined")).toHaveLength(1);
      expect(await readRoom(ann, id)).toMatchObject({ member_count: 2, rev: 2, last_seq: 2 });
    });

    test("a room handed to somebody who leaves keeps exactly one owner", async () => {
      for (let round = 0; round < 5; round++) {
        const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
        const { id } = await makeRoom(ann, { members: [ben, cas] });
        const [given, left] = await Promise.all([
          ann.http("POST", `/rooms/${id}/transfer`, { user_id: ben.id }),
          ben.http("POST", `/rooms/${id}/leave`),
        ]);
        const benOwns = given.outcome === "200";
        expect(left.outcome).toBe(benOwns ? "409 OWNER_MUST_TRANSFER" : "200");
        expect(given.outcome).toBe(benOwns ? "200" : "404 USER_NOT_FOUND");
        expect(await standing(cas, id)).toBe(benOwns ? "ben:owner, ann:admin, cas:member" : "ann:owner, cas:member");
        expect((await readRoom(cas, id)).owner?.id).toBe(benOwns ? ben.id : ann.id);
      }
    });

    test("nobody comes into a room that its owner takes along", async () => {
      for (let round = 0; round < 5; round++) {
        const { ann, ben } = await cast(server, "ann", "ben");
        const { id } = await makeRoom(ann);
        const [left, joined] = await Promise.all([
          ann.http("POST", `/rooms/${id}/leave`),
          ben.http("POST", `/rooms/${id}/join`),
        ]);
        const isGone = left.outcome === "200";
        expect(left.outcome).toBe(isGone ? "200" : "409 OWNER_MUST_TRANSFER");
        expect(joined.outcome).toBe(isGone ? "404 ROOM_NOT_FOUND" : "200");
        expect((await ben.http("GET", `/rooms/${id}`)).outcome).toBe(isGone ? "404 ROOM_NOT_FOUND" : "200");
      }
    });

    test("what happens in a room has one order of revs without a gap, and everybody in it hears all of it", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const { id, rev } = await makeRoom(ann, { members: [ben] });
      const socket = await ann.connect();
      const answers = await Promise.all([
        cas.http("POST", `/rooms/${id}/join`),
        ann.http("PATCH", `/rooms/${id}`, { name: "busy" }),
        dan.http("POST", `/rooms/${id}/join`),
        ben.http("POST", `/rooms/${id}/messages`, { content: "one" }),
        ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" }),
        ann.http("POST", `/rooms/${id}/messages`, { content: "two" }),
      ]);
      expect(outcomes(answers)).toEqual(["200", "200", "200", "200", "201", "201"]);
      const lines = [];
      while (lines.length < 6) lines.push((await socket.next("new_message")).payload);
      expect(lines.map(({ rev: at }) => at).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6].map((n) => rev + n));
      expect(await readRoom(ann, id)).toMatchObject({ rev: rev + 6, member_count: 4 });
    });
  });
});
