import { afterAll, beforeAll, expect, test } from "bun:test";
import { message, room } from "../../src/protocol/models.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { forEachDialect } from "../support/dialects.ts";
import { wholeTimeline } from "../support/journal.ts";
import { people, type Person } from "../support/people.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";

forEachDialect((dialect) => {
  let server: ServerProcess;
  let proxy: ChaosProxy;
  let ann: Person;
  let ben: Person;
  let roomId: string;
  let otherId: string;

  beforeAll(async () => {
    server = await spawnServer({ dialect });
    proxy = await ChaosProxy.before(server.url);
    ({ ann, ben } = await people(server, "ann", "ben"));
    const make = async (name: string) =>
      (await ann.http("POST", "/rooms", { name, type: "private", member_ids: [ben.id] })).as(room).id;
    roomId = await make("room");
    otherId = await make("other");
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  /** Sends through a proxy that swallows the ack, and gives what ben saw of it. */
  async function sendWithoutAck(content: string, tempId: string) {
    const atBen = await ben.connect();
    const atAnn = await ann.connect({ wsUrl: proxy.wsUrl });
    proxy.silence("to client");
    atAnn.send({ type: "send_message", payload: { room_id: roomId, content, temp_id: tempId } });
    const { payload } = await atBen.next("new_message", ({ temp_id }) => temp_id === tempId);
    expect(atAnn.seen("message_ack")).toEqual([]);
    proxy.cut();
    await atAnn.closed;
    proxy.restore();
    return { original: payload, atBen };
  }

  test("an ack that was cut off: sent again, the same message is acked, and nobody gets it twice", async () => {
    const { original, atBen } = await sendWithoutAck("hello", "cut-1");
    const again = await ann.connect();
    const ack = await again.say(roomId, "hello", "cut-1");
    expect(ack).toMatchObject({
      id: original.id,
      seq: original.seq,
      rev: original.rev,
      created_at: original.created_at,
    });
    await atBen.fence();
    expect(atBen.seen("new_message").filter(({ temp_id }) => temp_id === "cut-1")).toHaveLength(1);
    expect((await wholeTimeline(ann, roomId)).filter(({ temp_id }) => temp_id === "cut-1")).toHaveLength(1);
  });

  test("sent again over HTTP, the original comes with 200", async () => {
    const { original } = await sendWithoutAck("hello", "cut-2");
    const send = () => ann.http("POST", `/rooms/${roomId}/messages`, { content: "hello", temp_id: "cut-2" });
    for (const answer of [await send(), await send()]) {
      expect(answer.status).toBe(200);
      // Live it is one frame for all; to whom it is one's own, it also says how far it has come.
      expect<unknown>(answer.as(message)).toEqual({ ...original, status: "sent" });
    }
  });

  test("the same id with another body, or in another room, is a conflict everywhere, and changes nothing", async () => {
    const { original } = await sendWithoutAck("hello", "cut-3");
    const socket = await ann.connect();
    const before = await wholeTimeline(ann, roomId);
    for (const other of [
      { room_id: roomId, content: "another", temp_id: "cut-3" },
      { room_id: otherId, content: "hello", temp_id: "cut-3" },
    ]) {
      const refusal = await socket.refused("send_message", other);
      expect(refusal).toMatchObject({ code: "IDEMPOTENCY_CONFLICT", temp_id: "cut-3", request_type: "send_message" });
      const { room_id, ...body } = other;
      expect((await ann.http("POST", `/rooms/${room_id}/messages`, body)).outcome).toBe("409 IDEMPOTENCY_CONFLICT");
    }
    expect(await wholeTimeline(ann, roomId)).toEqual(before);
    expect(before.filter(({ id }) => id === original.id)).toHaveLength(1);
    expect((await socket.say(roomId, "hello", "cut-3")).id).toBe(original.id);
  });

  test("another person's same id is another message", async () => {
    const first = await (await ann.connect()).say(roomId, "hello", "shared-id");
    const second = await (await ben.connect()).say(roomId, "hello", "shared-id");
    expect(second.id).not.toBe(first.id);
    expect(second.seq).toBe(first.seq + 1);
  });

  test("also after a kill of the server", async () => {
    const { original } = await sendWithoutAck("hello", "cut-4");
    await server.kill();
    await server.start();
    const socket = await ann.connect();
    expect(await socket.say(roomId, "hello", "cut-4")).toMatchObject({ id: original.id, seq: original.seq });
    const conflict = await socket.refused("send_message", { room_id: roomId, content: "another", temp_id: "cut-4" });
    expect(conflict.code).toBe("IDEMPOTENCY_CONFLICT");
    expect((await wholeTimeline(ann, roomId)).filter(({ temp_id }) => temp_id === "cut-4")).toHaveLength(1);
  });

  test("also after the sender was put out of the room: what was stored is theirs to know", async () => {
    const sent = await (await ben.connect()).say(roomId, "my last words", "last");
    expect((await ann.http("DELETE", `/rooms/${roomId}/members/${ben.id}`)).status).toBeLessThan(300);
    const socket = await ben.connect();
    expect(await socket.say(roomId, "my last words", "last")).toMatchObject({ id: sent.id, seq: sent.seq });
    const refused = await socket.refused("send_message", { room_id: roomId, content: "one more", temp_id: "more" });
    expect(refused.code).toBe("ROOM_NOT_FOUND");
    await ann.http("POST", `/rooms/${roomId}/members`, { user_ids: [ben.id] });
  });

  test("many retries at once, over both ways and several sockets, are one message", async () => {
    const sockets = await Promise.all([ann.connect(), ann.connect(), ann.connect()]);
    const atBen = await ben.connect();
    const acks = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const socket = sockets[index % 4];
        if (socket) return (await socket.say(roomId, "all at once", "storm")).id;
        return (await ann.http("POST", `/rooms/${roomId}/messages`, { content: "all at once", temp_id: "storm" })).as(
          message,
        ).id;
      }),
    );
    expect(new Set(acks).size).toBe(1);
    await atBen.fence();
    expect(atBen.seen("new_message").filter(({ temp_id }) => temp_id === "storm")).toHaveLength(1);
  });
});
