import { afterAll, beforeAll, expect, test } from "bun:test";
import { roomChanges, type JoinedRoom } from "../../src/protocol/models.ts";
import { cast, makeRoom } from "../capability/rooms-cast.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";

/** What changed since a `rev` is remembered for all members; HTTP asks the database each time. */
forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect, env: { RATE_LIMITS: "off" } });
  });
  afterAll(() => server.stop());

  const syncOf = async (socket: TestSocket, roomId: string, rev: number) => {
    const asked = socket.request("sync", { epoch: server.context.epoch, rooms: [{ room_id: roomId, rev }] });
    const { payload } = await socket.next("sync_batch", ({ room_id }) => room_id === roomId);
    expect((await asked).type).toBe("sync_done");
    return payload;
  };

  test("`sync` gives every member after every change what HTTP gives them, whoever asked before", async () => {
    const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
    const room: JoinedRoom = await makeRoom(ann, { members: [ben] });
    const { id } = room;
    const sockets = new Map<Person, TestSocket>();
    for (const person of [ann, ben, cleo]) sockets.set(person, await person.connect());
    const say = async (by: Person, content: string) =>
      (await by.http("POST", `/rooms/${id}/messages`, { content })).data as { id: string };
    const changes: [string, () => Promise<unknown>][] = [
      ["nothing", async () => {}],
      ["a message", () => say(ann, "hello")],
      ["another's", () => say(ben, 'hello "too" 麵')],
      ["the sender has a new name", () => ben.http("PATCH", "/users/me", { display_name: "Ben the Second" })],
      ["the room has a new name", () => ann.http("PATCH", `/rooms/${id}`, { name: "after" })],
      ["somebody joins", () => cleo.http("POST", `/rooms/${id}/join`)],
      ["a member has a new name", () => cleo.http("PATCH", "/users/me", { display_name: "Cleo the Third" })],
      ["another role", () => ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" })],
      [
        "somebody reads",
        async () => {
          const { id: last } = await say(ann, "read up to here");
          return ben.http("POST", `/rooms/${id}/messages/read`, { last_read_message_id: last });
        },
      ],
      ["somebody leaves", () => cleo.http("POST", `/rooms/${id}/leave`)],
    ];
    for (const [what, change] of changes) {
      await change();
      // Cleo is there as one who looks on, then as a member, then again as one who looks on.
      for (const [person, socket] of sockets) {
        for (const since of [0, 1, room.rev, room.rev + 2, 1_000]) {
          const synced = await syncOf(socket, id, since);
          const answer = await person.http("GET", `/rooms/${id}/changes?since_rev=${since}`);
          const changes = answer.as(roomChanges);
          // Of a room of many, `sync` tells no more than one's own cursor: all reconnect at once.
          const cursors = changes.cursors.filter(({ user_id }) => user_id === person.id);
          expect({ what, since, changes: synced }).toEqual({ what, since, changes: { ...changes, cursors } });
          expect(Object.keys(synced)).toEqual(Object.keys(changes));
        }
      }
    }
    for (const socket of sockets.values()) socket.close();
  });

  test("`sync` repeats its `ref` in every frame of the answer", async () => {
    const { ann } = await cast(server, "ann");
    const rooms = [await makeRoom(ann), await makeRoom(ann)].map(({ id }) => ({ room_id: id, rev: 0 }));
    const socket = await ann.connect();
    const before = socket.frames.length;
    await socket.request("sync", { epoch: server.context.epoch, rooms: [...rooms, { room_id: "x", rev: 0 }] });
    const heard = socket.frames.slice(before);
    expect(heard.map(({ type }) => type)).toEqual(["sync_batch", "sync_batch", "room_removed", "sync_done"]);
    expect(new Set(heard.map(({ ref }) => ref))).toEqual(new Set([expect.stringMatching(/^ref-/)]));
    socket.close();
  });

  test("a room that was deleted is removed, though its changes are remembered", async () => {
    const { ann, ben } = await cast(server, "ann", "ben");
    const { id, rev } = await makeRoom(ann, { members: [ben] });
    const socket = await ben.connect();
    await ann.http("POST", `/rooms/${id}/messages`, { content: "the last" });
    expect((await syncOf(socket, id, rev)).messages).toHaveLength(1);
    await ann.http("DELETE", `/rooms/${id}`);
    await socket.fence();
    const before = socket.frames.length;
    await socket.request("sync", { epoch: server.context.epoch, rooms: [{ room_id: id, rev }] });
    // What else came (a notification that went with the room) answers nothing.
    const answers = socket.frames.slice(before).filter(({ ref }) => ref !== undefined);
    expect(answers.map(({ type }) => type)).toEqual(["room_removed", "sync_done"]);
    socket.close();
  });
});
