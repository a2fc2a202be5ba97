import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { message } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";
import { cast, makeRoom } from "../capability/rooms-cast.ts";

/** How soon after the answer to who took the right it must be gone on sockets that were open (TESTPLAN 32). */
const soonMs = 1_000;

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  /** What a socket heard of a room, of what anybody there may say or do. */
  const heard = (socket: TestSocket, roomId: string) => [
    ...socket.seen("new_message").filter(({ room_id, system }) => room_id === roomId && system === undefined),
    ...socket.seen("user_typing").filter(({ room_id }) => room_id === roomId),
    ...socket.seen("message_read").filter(({ room_id }) => room_id === roomId),
    ...socket.seen("reaction_changed").filter(({ room_id }) => room_id === roomId),
  ];

  const ways: Record<string, (by: Person, roomId: string, whom: Person) => ReturnType<Person["http"]>> = {
    kicked: (by, roomId, { id }) => by.http("DELETE", `/rooms/${roomId}/members/${id}`),
    banned: (by, roomId, { id }) => by.http("PUT", `/rooms/${roomId}/bans/${id}`, {}),
    gone: (_, roomId, whom) => whom.http("POST", `/rooms/${roomId}/leave`),
  };

  describe("whoever is put out of a private room hears nothing more of it and does nothing more in it", () => {
    for (const [how, putOut] of Object.entries(ways)) {
      test(`on sockets that were open: ${how}`, async () => {
        const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
        const { id } = await makeRoom(ann, { type: "private", members: [ben, cas] });
        const [inside, out] = [await cas.connect(), await ben.connect()];
        const { id: own } = await out.say(id, "mine");
        const began = performance.now();
        expect((await putOut(ann, id, ben)).outcome).toBe("200");
        await out.next("room_removed");
        expect(performance.now() - began).toBeLessThan(soonMs);
        await out.fence();
        const before = heard(out, id).length;

        const said = (await ann.http("POST", `/rooms/${id}/messages`, { content: "among ourselves" })).as(message);
        inside.send({ type: "typing", payload: { room_id: id, is_typing: true } });
        inside.send({ type: "mark_read", payload: { room_id: id, message_id: said.id } });
        await inside.request("add_reaction", { message_id: said.id, emoji: "👍" });
        await inside.next("message_read");
        await out.fence();
        expect(heard(out, id)).toHaveLength(before);

        const tries: [string, object, string][] = [
          ["send_message", { room_id: id, content: "still?", temp_id: "t" }, "ROOM_NOT_FOUND"],
          ["typing", { room_id: id, is_typing: true }, "ROOM_NOT_FOUND"],
          ["mark_read", { room_id: id, message_id: said.id }, "ROOM_NOT_FOUND"],
          ["mark_delivered", { room_id: id, message_id: said.id }, "ROOM_NOT_FOUND"],
          ["join_room", { room_id: id }, "ROOM_NOT_FOUND"],
          ["edit_message", { message_id: own, content: "anew" }, "MESSAGE_NOT_FOUND"],
          ["recall_message", { message_id: own }, "MESSAGE_NOT_FOUND"],
          ["delete_message", { message_id: own }, "MESSAGE_NOT_FOUND"],
          ["add_reaction", { message_id: said.id, emoji: "👍" }, "MESSAGE_NOT_FOUND"],
        ];
        for (const [type, payload, code] of tries) {
          expect({ type, code: (await out.refused(type, payload)).code }).toEqual({ type, code });
        }
        for (const path of [`/users/online?room_id=${id}`, `/rooms/${id}/members`, `/rooms/${id}/pins`]) {
          expect({ path, outcome: (await ben.http("GET", path)).outcome }).toEqual({
            path,
            outcome: "404 ROOM_NOT_FOUND",
          });
        }
        expect((await ben.http("GET", "/messages/search?q=ourselves")).data).toEqual([]);
      });
    }
  });

  test("whoever is muted edits, reacts, recalls and types no more, on the socket that was open", async () => {
    const { ann, ben } = await cast(server, "ann", "ben");
    const { id } = await makeRoom(ann, { members: [ben] });
    const socket = await ben.connect();
    const { id: own } = await socket.say(id, "mine");
    const muted_until = new Date(Date.now() + 60_000).toISOString();
    expect((await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { muted_until })).outcome).toBe("200");
    const tries: [string, object][] = [
      ["send_message", { room_id: id, content: "still?", temp_id: "t" }],
      ["typing", { room_id: id, is_typing: true }],
      ["edit_message", { message_id: own, content: "anew" }],
      ["recall_message", { message_id: own }],
      ["add_reaction", { message_id: own, emoji: "👍" }],
    ];
    for (const [type, payload] of tries) {
      expect({ type, code: (await socket.refused(type, payload)).code }).toEqual({ type, code: "MUTED" });
    }
    await ann.http("POST", `/rooms/${id}/messages`, { content: "but you may listen" });
    await socket.next("new_message", ({ content }) => content === "but you may listen");
  });

  test("whoever is demoted runs the room no more, with the answer to who demoted them", async () => {
    const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
    const { id } = await makeRoom(ann, { members: [ben, cas] });
    const path = `/rooms/${id}`;
    const said = (await cas.http("POST", `${path}/messages`, { content: "hello" })).as(message);
    await ann.http("PATCH", `${path}/members/${ben.id}`, { role: "admin" });
    const socket = await ben.connect();
    expect((await ben.http("PATCH", path, { description: "mine" })).outcome).toBe("200");
    await ann.http("PATCH", `${path}/members/${ben.id}`, { role: "member" });
    expect((await socket.refused("delete_message", { message_id: said.id })).code).toBe("FORBIDDEN");
    const outcomes = await Promise.all([
      ben.http("PATCH", path, { description: "still mine" }),
      ben.http("PUT", `${path}/bans/${cas.id}`, {}),
      ben.http("PATCH", `${path}/members/${cas.id}`, { muted_until: null }),
      ben.http("POST", `${path}/invites`, {}),
      ben.http("PUT", `${path}/pins/${said.id}`),
      ben.http("GET", `/messages/${said.id}/versions`),
    ]);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["403 FORBIDDEN"]));
  });
});
