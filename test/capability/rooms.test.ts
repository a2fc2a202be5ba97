import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { joinedRoom, message, room } from "../../src/protocol/models.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { guestSocket, request } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, makeRoom, official, outcomes, readRoom, unique } from "./rooms-cast.ts";

forEachDatabase((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  describe("making a room", () => {
    test("its maker owns it, its first members are in it, and it begins with a line that says so", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const name = unique("Tea");
      const answer = await ann.http("POST", "/rooms", {
        name,
        description: "green\nblack",
        type: "private",
        member_ids: [ben.id, ann.id, ben.id],
      });
      expect(answer.status).toBe(201);
      expect(answer.data).toMatchObject({
        name,
        description: "green\nblack",
        type: "private",
        is_lobby: false,
        owner: { id: ann.id, username: ann.username },
        created_by: ann.id,
        member_count: 2,
        max_members: 500,
        slow_mode_s: 0,
        last_seq: 1,
        unread_count: 0,
        mention_count: 0,
        my_role: "owner",
        last_message: { type: "system", content: "", system: { kind: "room_created", value: name } },
        skipped: [],
      });
      const mine = (await ben.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
      expect(mine.map(({ is_lobby, my_role }) => ({ is_lobby, my_role }))).toContainEqual({
        is_lobby: false,
        my_role: "member",
      });
    });

    test("who cannot be added is skipped and named", async () => {
      const { ann } = await cast(server, "ann");
      const nobody = Bun.randomUUIDv7();
      const answer = await ann.http("POST", "/rooms", {
        name: unique("room"),
        type: "private",
        member_ids: [nobody, "\u0000", "somebody"],
      });
      expect(answer.data).toMatchObject({ member_count: 1, skipped: [nobody, "\u0000", "somebody"] });
    });

    test("more first members than it may have are refused, and there is no room", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const name = unique("narrow");
      const body = { name, type: "public", max_members: 2, member_ids: [ben.id, cas.id] };
      expect((await ann.http("POST", "/rooms", body)).outcome).toBe("409 ROOM_FULL");
      expect((await ann.http("GET", `/rooms?search=${name}`)).meta).toMatchObject({ total: 0 });
    });

    test("wrong settings are refused by the field", async () => {
      const { ann } = await cast(server, "ann");
      const wrong: [string, unknown][] = [
        ["name", { name: " ", type: "public" }],
        ["name", { name: "x".repeat(101), type: "public" }],
        ["name", { name: "a\nb", type: "public" }],
        ["name", { type: "public" }],
        ["description", { name: "x", type: "public", description: "x".repeat(501) }],
        ["type", { name: "x", type: "direct" }],
        ["type", { name: "x" }],
        ["max_members", { name: "x", type: "public", max_members: 501 }],
        ["max_members", { name: "x", type: "public", max_members: 0 }],
        ["owner_key", { name: "x", type: "public", owner_key: 1 }],
      ];
      for (const [field, body] of wrong) {
        const answer = await ann.http("POST", "/rooms", body);
        expect([field, answer.outcome, answer.error?.details[0]?.field]).toEqual([
          field,
          "422 VALIDATION_ERROR",
          field,
        ]);
      }
    });

    test("a guest makes none", async () => {
      const body = { name: "x", type: "public" };
      expect((await request(server, "POST", "/rooms", body)).outcome).toBe("401 UNAUTHENTICATED");
      expect((await request(server, "POST", "/rooms", {})).outcome).toBe("401 UNAUTHENTICATED");
    });
  });

  describe("looking", () => {
    test("a public room is seen by everybody, also by guests", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann);
      for (const answer of [await ben.http("GET", `/rooms/${id}`), await request(server, "GET", `/rooms/${id}`)]) {
        expect(room.parse(answer.data)).toMatchObject({ id, member_count: 1 });
      }
      expect((await request(server, "GET", `/rooms/${id}/members`)).outcome).toBe("200");
    });

    test("a private room answers those outside exactly as one that does not exist", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const moderator = await official(server, "moderator");
      const administrator = await official(server, "admin");
      const { id } = await makeRoom(ann, { type: "private" });
      const anonymous = ({ text, status }: { text: string; status: number }) => [
        status,
        text.replace(/"request_id":"[^"]*"/, ""),
      ];
      for (const who of [ben, moderator, administrator]) {
        for (const [method, path, body] of [
          ["GET", "", undefined],
          ["GET", "/members", undefined],
          ["GET", "/messages", undefined],
          ["POST", "/join", undefined],
          ["POST", "/leave", undefined],
          ["PATCH", "", { name: "mine now" }],
          ["DELETE", "", undefined],
          ["POST", "/members", { user_ids: [ben.id] }],
          ["PATCH", `/members/${ann.id}`, { role: "member" }],
          ["DELETE", `/members/${ann.id}`, undefined],
          ["POST", "/transfer", { user_id: ben.id }],
        ] as const) {
          const seen = await who.http(method, `/rooms/${id}${path}`, body);
          const unknown = await who.http(method, `/rooms/${Bun.randomUUIDv7()}${path}`, body);
          const malformed = await who.http(method, `/rooms/room-1${path}`, body);
          expect(seen.outcome).toBe("404 ROOM_NOT_FOUND");
          expect(anonymous(seen)).toEqual(anonymous(unknown));
          expect(anonymous(malformed)).toEqual(anonymous(unknown));
        }
      }
      expect((await request(server, "GET", `/rooms/${id}`)).outcome).toBe("404 ROOM_NOT_FOUND");
      expect((await ann.http("GET", `/rooms/${id}`)).outcome).toBe("200");
    });
  });

  describe("lists", () => {
    test("public rooms are browsed by pages and found by a part of their name, whatever its case", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const mark = unique("Zebra");
      for (const name of [`${mark} b`, `${mark} a`, `the ${mark}`, `${mark} %_\\'`]) await makeRoom(ann, { name });
      await makeRoom(ann, { name: `${mark} secret`, type: "private" });
      const find = (search: string, more = "") => ben.http("GET", `/rooms?search=${encodeURIComponent(search)}${more}`);
      const names = async (search: string) => (await find(search)).as(z.array(room)).map(({ name }) => name);
      expect(await names(mark.toUpperCase())).toEqual([`${mark} %_\\'`, `${mark} a`, `${mark} b`, `the ${mark}`]);
      expect(await names(`${mark} %`)).toEqual([`${mark} %_\\'`]);
      expect(await names(`${mark} _`)).toEqual([]);
      expect(await names(`\\'`)).toContain(`${mark} %_\\'`);
      const second = await find(mark, "&page=2&per_page=3");
      expect(second.as(z.array(room)).map(({ name }) => name)).toEqual([`the ${mark}`]);
      expect(second.meta).toEqual({ page: 2, per_page: 3, total: 4, has_more: false });
      expect((await find(mark, "&per_page=3")).meta).toMatchObject({ total: 4, has_more: true });
    });

    test("of private rooms one finds one's own", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { type: "private" });
      expect((await ann.http("GET", "/rooms?type=private")).as(z.array(room)).map((found) => found.id)).toEqual([id]);
      expect((await ben.http("GET", "/rooms?type=private")).data).toEqual([]);
    });

    test("of all one has joined, the one with the latest message comes first, with what is unread", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const tea = await makeRoom(ann, { members: [ben] });
      const coffee = await makeRoom(ann, { members: [ben] });
      for (const content of ["one", "two"]) await ann.http("POST", `/rooms/${tea.id}/messages`, { content });
      const list = await ben.http("GET", "/rooms?type=joined&per_page=2");
      expect(list.meta).toEqual({ page: 1, per_page: 2, total: 3, has_more: true });
      const [first, second] = list.as(z.array(joinedRoom));
      expect(first).toMatchObject({ id: tea.id, unread_count: 2, mention_count: 0, my_role: "member" });
      expect(message.parse(first?.last_message).content).toBe("two");
      expect(second).toMatchObject({ id: coffee.id, unread_count: 0 });
      const found = await ben.http("GET", `/rooms?type=joined&search=${tea.name}`);
      expect(found.as(z.array(joinedRoom)).map(({ id }) => id)).toEqual([tea.id]);
    });

    test("a guest browses public rooms and has none of their own", async () => {
      expect((await request(server, "GET", "/rooms")).outcome).toBe("200");
      for (const type of ["private", "joined"]) {
        expect((await request(server, "GET", `/rooms?type=${type}`)).outcome).toBe("401 UNAUTHENTICATED");
      }
      for (const query of ["type=all", "page=0", "per_page=101", "page=x"]) {
        expect((await request(server, "GET", `/rooms?${query}`)).outcome).toBe("422 VALIDATION_ERROR");
      }
    });
  });

  describe("settings", () => {
    test("owner, admin and moderators change them; members and those outside do not", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const moderator = await official(server, "moderator");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
      for (const who of [ann, ben, moderator]) {
        const name = unique("name");
        const answer = await who.http("PATCH", `/rooms/${id}`, { name });
        expect(answer.data).toMatchObject({ id, name });
        expect(await readRoom(cas, id)).toMatchObject({ name });
      }
      for (const who of [cas, dan]) {
        expect((await who.http("PUT", `/rooms/${id}`, { name: "mine" })).outcome).toBe("403 FORBIDDEN");
      }
      expect((await request(server, "PATCH", `/rooms/${id}`, { name: "mine" })).outcome).toBe("401 UNAUTHENTICATED");
    });

    test("everybody in the room hears of a change and reads a line about it; no change is none", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const socket = await ben.connect();
      const before = await readRoom(ann, id);
      await ann.http("PATCH", `/rooms/${id}`, { name: "Coffee", description: "black", max_members: 9 });
      const updated = await socket.next("room_updated");
      expect(updated.payload).toMatchObject({
        room_id: id,
        rev: before.rev + 1,
        room: { name: "Coffee", description: "black", max_members: 9, rev: before.rev + 1, last_seq: 3 },
      });
      const lines = [await socket.next("new_message"), await socket.next("new_message")];
      expect(
        lines.map(({ payload }) => [payload.rev, payload.seq, payload.system?.kind, payload.system?.value]),
      ).toEqual([
        [before.rev + 1, 2, "name_changed", "Coffee"],
        [before.rev + 1, 3, "description_changed", "black"],
      ]);
      expect((await ann.http("PATCH", `/rooms/${id}`, { name: "Coffee" })).outcome).toBe("200");
      await socket.fence();
      expect(socket.seen("room_updated")).toHaveLength(1);
      expect((await readRoom(ann, id)).rev).toBe(before.rev + 1);
    });

    test("a limit below the members there are is refused, and one above the server's", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const limit = (max_members: number) => ann.http("PATCH", `/rooms/${id}`, { max_members });
      expect((await limit(1)).outcome).toBe("409 CONFLICT");
      expect((await limit(501)).outcome).toBe("422 VALIDATION_ERROR");
      expect((await limit(2)).outcome).toBe("200");
      expect((await ann.http("PATCH", `/rooms/${id}`, {})).outcome).toBe("422 VALIDATION_ERROR");
      expect((await ann.http("PATCH", `/rooms/${id}`, { is_lobby: true })).outcome).toBe("422 VALIDATION_ERROR");
    });

    test("a room that becomes private is gone for who only watched it", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const guest = await guestSocket(server);
      await guest.ack("join_room", { room_id: id });
      const inside = await ben.connect();
      await ann.http("POST", `/rooms/${id}/messages`, { content: "in the open" });
      await guest.next("new_message");
      await ann.http("PATCH", `/rooms/${id}`, { type: "private", name: "hidden" });
      await ann.http("POST", `/rooms/${id}/messages`, { content: "behind the door" });
      await inside.next("new_message", ({ content }) => content === "behind the door");
      await guest.fence();
      expect(guest.seen("new_message")).toHaveLength(1);
      expect(guest.seen("room_updated")).toHaveLength(0);
      const again = await guest.request("join_room", { room_id: id });
      expect(again.payload).toMatchObject({ code: "ROOM_NOT_FOUND" });
    });

    test("two changes at once are both kept", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const answers = await Promise.all([
        ann.http("PATCH", `/rooms/${id}`, { name: "new name" }),
        ann.http("PATCH", `/rooms/${id}`, { description: "new words" }),
      ]);
      expect(outcomes(answers)).toEqual(["200", "200"]);
      expect(await readRoom(ann, id)).toMatchObject({ name: "new name", description: "new words", last_seq: 3 });
    });
  });
});
