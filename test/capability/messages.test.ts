import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { message, room as roomModel, type Message } from "../../src/protocol/models.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { people, request, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

const messages = z.array(message);

forEachDatabase((dialect) => {
  let server: TestServer;
  let ann: Person;
  let ben: Person;

  beforeAll(async () => {
    server = await startServer({ dialect });
    ({ ann, ben } = await people(server, "ann", "ben"));
  });
  afterAll(() => server.stop());

  async function publicRoom(...joining: Person[]): Promise<string> {
    const room = (await ann.http("POST", "/rooms", { name: "Kitchen", type: "public" })).as(roomModel);
    for (const person of joining) await person.http("POST", `/rooms/${room.id}/join`);
    return room.id;
  }

  async function say(person: Person, roomId: string, content: string, tempId?: string): Promise<Message> {
    const body = { content, ...(tempId !== undefined && { temp_id: tempId }) };
    return (await person.http("POST", `/rooms/${roomId}/messages`, body)).as(message);
  }

  describe("sending", () => {
    test("a message over HTTP is stored, numbered and shown to who is in the room", async () => {
      const roomId = await publicRoom(ben);
      const socket = await ben.connect();
      const answer = await ann.http("POST", `/rooms/${roomId}/messages`, { content: "hello 你好" });
      const sent = answer.as(message);
      expect(answer.status).toBe(201);
      expect(sent).toMatchObject({ room_id: roomId, content: "hello 你好", type: "text", sender: { id: ann.id } });
      const shown = await socket.next("new_message", ({ id }) => id === sent.id);
      // Everybody gets the same frame: how far it has come is said to its sender alone.
      expect(sent.status).toBe("sent");
      expect(shown.payload).toEqual({ ...sent, status: undefined });
      socket.close();
    });

    test("the sender's own socket is acknowledged before it sees the message", async () => {
      const roomId = await publicRoom();
      const socket = await ann.connect();
      const ack = await socket.say(roomId, "first", "temp 1");
      await socket.next("new_message", ({ id }) => id === ack.id);
      const order = socket.frames.map(({ type }) => type);
      expect(order.indexOf("message_ack")).toBeLessThan(order.lastIndexOf("new_message"));
      expect(ack).toMatchObject({ temp_id: "temp 1", room_id: roomId });
      socket.close();
    });

    test("many frames at once are acknowledged and numbered in their order", async () => {
      const roomId = await publicRoom();
      const socket = await ann.connect();
      const acks = await Promise.all(Array.from({ length: 200 }, (_, index) => socket.say(roomId, `line ${index}`)));
      const first = acks[0]?.seq ?? 0;
      expect(acks.map(({ seq }) => seq)).toEqual(acks.map((_, index) => first + index));
      const stored = (await ann.http("GET", `/rooms/${roomId}/messages?limit=100`)).as(messages);
      expect(stored.map(({ content }) => content)).toEqual(Array.from({ length: 100 }, (_, i) => `line ${i + 100}`));
      socket.close();
    });

    test("the same temp_id gives the original, over both ways and from both devices", async () => {
      const roomId = await publicRoom();
      const sent = await say(ann, roomId, "once", "same");
      const again = await ann.http("POST", `/rooms/${roomId}/messages`, { content: "once", temp_id: "same" });
      expect(again.status).toBe(200);
      expect(again.as(message)).toEqual(sent);
      const socket = await (await ann.onAnotherDevice()).connect();
      const ack = await socket.say(roomId, "once", "same");
      expect(ack).toMatchObject({ id: sent.id, seq: sent.seq, rev: sent.rev });
      socket.close();
    });

    test("the same temp_id with another body, or in another room, is a conflict", async () => {
      const [roomId, other] = [await publicRoom(), await publicRoom()];
      await say(ann, roomId, "once", "taken");
      for (const [where, content] of [
        [roomId, "twice"],
        [other, "once"],
      ]) {
        const refused = await ann.http("POST", `/rooms/${where}/messages`, { content, temp_id: "taken" });
        expect(refused.outcome).toBe("409 IDEMPOTENCY_CONFLICT");
      }
    });

    test("the same temp_id of another person is another message", async () => {
      const roomId = await publicRoom(ben);
      const mine = await say(ann, roomId, "mine", "shared");
      const theirs = await say(ben, roomId, "theirs", "shared");
      expect(theirs.id).not.toBe(mine.id);
    });

    test("a retry still gets the original after one has left the room; a new send is refused", async () => {
      const roomId = await publicRoom(ben);
      const sent = await say(ben, roomId, "before I go", "leaving");
      await ben.http("POST", `/rooms/${roomId}/leave`);
      expect((await say(ben, roomId, "before I go", "leaving")).id).toBe(sent.id);
      const refused = await ben.http("POST", `/rooms/${roomId}/messages`, { content: "gone", temp_id: "gone" });
      expect(refused.outcome).toBe("403 FORBIDDEN");
    });

    test("what may not be sent is refused and changes nothing", async () => {
      const roomId = await publicRoom();
      const before = (await ann.http("GET", `/rooms/${roomId}`)).as(roomModel);
      const send = (body: unknown) => ann.http("POST", `/rooms/${roomId}/messages`, body);
      expect((await send({ content: "" })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send({ content: " \n " })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send({ content: "a\u0000b" })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send({ content: "\ud800" })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send({ content: "x", sender_id: ben.id })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send({ content: "x", temp_id: "x".repeat(65) })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send({ content: "x", type: "system" })).outcome).toBe("422 VALIDATION_ERROR");
      expect((await send("{")).outcome).toBe("400 VALIDATION_ERROR");
      expect((await send({ content: "🙂".repeat(4_001) })).outcome).toBe("422 MESSAGE_TOO_LONG");
      const after = (await ann.http("GET", `/rooms/${roomId}`)).as(roomModel);
      expect(after).toEqual(before);
      expect((await send({ content: "🙂".repeat(4_000) })).status).toBe(201);
    });

    test("the length is refused in the reader's language, with the limit in force", async () => {
      const roomId = await publicRoom();
      const refused = await ann.http(
        "POST",
        `/rooms/${roomId}/messages`,
        { content: "x".repeat(4_001) },
        { headers: { "Accept-Language": "zh-TW" } },
      );
      expect(refused.error?.message).toBe("訊息長度不可超過 4000 字元");
    });

    test("CR LF becomes LF, and text that looks like HTML stays text", async () => {
      const roomId = await publicRoom();
      const sent = await say(ann, roomId, "a\r\n<b>b</b>\tc");
      expect(sent.content).toBe("a\n<b>b</b>\tc");
    });

    test("a private room is not there for others; a guest may not send", async () => {
      const room = (await ann.http("POST", "/rooms", { name: "Cellar", type: "private" })).as(roomModel);
      const refused = await ben.http("POST", `/rooms/${room.id}/messages`, { content: "hi" });
      const unknown = await ben.http("POST", `/rooms/${Bun.randomUUIDv7()}/messages`, { content: "hi" });
      expect(refused.outcome).toBe("404 ROOM_NOT_FOUND");
      expect(refused.error?.message).toBe(unknown.error?.message ?? "");
      const guest = await request(server, "POST", `/rooms/${await publicRoom()}/messages`, { content: "hi" });
      expect(guest.outcome).toBe("401 UNAUTHENTICATED");
    });
  });

  describe("the timeline", () => {
    test("pages run in both directions and around a message, without gap or repetition", async () => {
      const roomId = await publicRoom();
      const sent: Message[] = [];
      for (let index = 0; index < 25; index++) sent.push(await say(ann, roomId, `m${index}`));
      const get = async (query: string) => ann.http("GET", `/rooms/${roomId}/messages?${query}`);
      const at = (index: number) => sent[index]?.id ?? "";
      const contents = (page: Message[]) => page.map(({ content }) => content);

      const newest = await get("limit=10");
      expect(contents(newest.as(messages))).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 15}`));
      expect(newest.meta).toMatchObject({ has_more: true, oldest_id: at(15), newest_id: at(24) });
      const before = await get(`before=${at(15)}&limit=10`);
      expect(contents(before.as(messages))).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 5}`));
      const after = await get(`after=${at(20)}&limit=10`);
      expect(contents(after.as(messages))).toEqual(["m21", "m22", "m23", "m24"]);
      expect(after.meta["has_more"]).toBe(false);
      const around = await get(`around=${at(12)}&limit=5`);
      expect(contents(around.as(messages))).toEqual(["m10", "m11", "m12", "m13", "m14"]);
    });

    test("a page is also found by a number, and by a moment", async () => {
      const roomId = await publicRoom();
      const sent: Message[] = [];
      for (let index = 0; index < 9; index++) sent.push(await say(ann, roomId, `m${index}`));
      const get = async (query: string) => ann.http("GET", `/rooms/${roomId}/messages?limit=3&${query}`);
      const contents = async (query: string) => (await get(query)).as(messages).map(({ content }) => content);

      const seq = sent[4]?.seq ?? 0;
      expect(await contents(`around_seq=${seq}`)).toEqual(["m3", "m4", "m5"]);
      expect(await contents(`around_seq=${seq + 1_000}`)).toEqual(["m7", "m8"]);
      // Several may have come in the same millisecond: the first of them is meant.
      const at = sent[4]?.created_at ?? "";
      const first = sent.findIndex(({ created_at }) => created_at === at);
      expect(await contents(`around_time=${at}`)).toContain(`m${first}`);
      expect(await contents("around_time=2100-01-01T00:00:00Z")).toEqual(["m7", "m8"]);
      expect((await get("around_time=1999-01-01T00:00:00%2B08:00")).as(messages)[0]?.seq).toBe(1);
      for (const wrong of [
        "around_seq=0",
        "around_seq=x",
        "around_time=yesterday",
        `around_seq=1&around=${sent[4]?.id}`,
      ]) {
        expect((await get(wrong)).outcome).toBe("422 VALIDATION_ERROR");
      }
    });

    test("a wrong query is refused; a message of another room is not found", async () => {
      const roomId = await publicRoom();
      const elsewhere = await say(ann, await publicRoom(), "elsewhere");
      const get = async (query: string) => (await ann.http("GET", `/rooms/${roomId}/messages?${query}`)).outcome;
      expect(await get("limit=0")).toBe("422 VALIDATION_ERROR");
      expect(await get("limit=101")).toBe("422 VALIDATION_ERROR");
      expect(await get("limit=ten")).toBe("422 VALIDATION_ERROR");
      expect(await get(`before=${elsewhere.id}&after=${elsewhere.id}`)).toBe("422 VALIDATION_ERROR");
      expect(await get(`before=${elsewhere.id}`)).toBe("404 MESSAGE_NOT_FOUND");
      expect(await get("unknown=1")).toBe("200");
    });

    test("guests read public rooms, and only those", async () => {
      const roomId = await publicRoom();
      await say(ann, roomId, "for all to read");
      const page = (await request(server, "GET", `/rooms/${roomId}/messages`)).as(messages);
      expect(page.at(-1)?.content).toBe("for all to read");
      const hidden = (await ann.http("POST", "/rooms", { name: "Attic", type: "private" })).as(roomModel);
      expect((await request(server, "GET", `/rooms/${hidden.id}/messages`)).outcome).toBe("404 ROOM_NOT_FOUND");
    });
  });

  describe("reading", () => {
    const unreadOf = async (person: Person, roomId: string) => {
      const mine = (await person.http("GET", "/rooms?type=joined&per_page=100")).as(
        z.array(roomModel.extend({ unread_count: z.number(), read_seq: z.number() })),
      );
      return mine.find(({ id }) => id === roomId)?.unread_count;
    };

    test("unread counts what others wrote after the cursor; sending and reading move it", async () => {
      const roomId = await publicRoom(ben);
      expect(await unreadOf(ben, roomId)).toBe(0);
      const first = await say(ann, roomId, "one");
      await say(ann, roomId, "two");
      expect(await unreadOf(ben, roomId)).toBe(2);
      expect(await unreadOf(ann, roomId)).toBe(0);
      await ben.http("POST", `/rooms/${roomId}/messages/read`, { last_read_message_id: first.id });
      expect(await unreadOf(ben, roomId)).toBe(1);
      await say(ben, roomId, "three");
      expect(await unreadOf(ben, roomId)).toBe(0);
      expect(await unreadOf(ann, roomId)).toBe(1);
    });

    test("a cursor never moves back, and all devices of a person hear of it", async () => {
      const roomId = await publicRoom(ben);
      const [first, second] = [await say(ann, roomId, "one"), await say(ann, roomId, "two")];
      const [phone, desktop] = [await ben.connect(), await ben.connect()];
      phone.send({ type: "mark_read", payload: { room_id: roomId, message_id: second.id } });
      const heard = await desktop.next("message_read", ({ room_id }) => room_id === roomId);
      expect(heard.payload).toMatchObject({ message_id: second.id, user_id: ben.id });
      phone.send({ type: "mark_read", payload: { room_id: roomId, message_id: first.id } });
      await phone.fence();
      await desktop.fence();
      const moves = desktop.seen("message_read").filter(({ room_id }) => room_id === roomId);
      expect(moves).toHaveLength(1);
      expect(await unreadOf(ben, roomId)).toBe(0);
      phone.close();
      desktop.close();
    });

    test("a new account finds the lobby read", async () => {
      const lobby = (await ann.http("GET", "/rooms?type=public")).as(z.array(roomModel)).find((room) => room.is_lobby);
      await say(ann, lobby?.id ?? "", "before carla came");
      const { carla } = await people(server, "carla");
      expect(await unreadOf(carla, lobby?.id ?? "")).toBe(0);
      await say(ann, lobby?.id ?? "", "after carla came");
      expect(await unreadOf(carla, lobby?.id ?? "")).toBe(1);
    });

    test("reading is refused to who is not in the room, and of what is not there", async () => {
      const roomId = await publicRoom();
      const sent = await say(ann, roomId, "mine");
      const read = (person: Person, id: string) =>
        person.http("POST", `/rooms/${roomId}/messages/read`, { last_read_message_id: id });
      expect((await read(ben, sent.id)).outcome).toBe("403 FORBIDDEN");
      expect((await read(ann, Bun.randomUUIDv7())).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await read(ann, "nonsense")).outcome).toBe("404 MESSAGE_NOT_FOUND");
    });
  });

  describe("changes", () => {
    const changes = z.object({
      messages,
      members: z.array(z.object({ user_id: z.string() })),
      members_removed: z.array(z.string()),
      room: roomModel.optional(),
      rev: z.number(),
      has_more: z.boolean(),
    });

    test("everything after a rev comes in its present state, in pages that lose nothing", async () => {
      const roomId = await publicRoom(ben);
      const { rev } = (await ann.http("GET", `/rooms/${roomId}`)).as(roomModel);
      for (let index = 0; index < 7; index++) await say(ann, roomId, `c${index}`);
      await ben.http("POST", `/rooms/${roomId}/leave`);
      await ann.http("PATCH", `/rooms/${roomId}`, { name: "Pantry" });

      const collected = new Map<number, Message>();
      const removed = new Set<string>();
      let name = "";
      for (let since = rev, more = true; more;) {
        const page = (await ann.http("GET", `/rooms/${roomId}/changes?since_rev=${since}&limit=3`)).as(changes);
        for (const each of page.messages) collected.set(each.seq, each);
        for (const id of page.members_removed) removed.add(id);
        name = page.room?.name ?? name;
        expect(page.rev).toBeGreaterThan(since);
        since = page.rev;
        more = page.has_more;
      }
      const stored = (await ann.http("GET", `/rooms/${roomId}/messages?limit=100`)).as(messages);
      expect([...collected.values()]).toEqual(stored.filter((each) => each.rev > rev));
      expect([...removed]).toEqual([ben.id]);
      expect(name).toBe("Pantry");
    });

    test("nothing changed is nothing; another's private room is not found", async () => {
      const roomId = await publicRoom();
      const { rev } = (await ann.http("GET", `/rooms/${roomId}`)).as(roomModel);
      const page = await ann.http("GET", `/rooms/${roomId}/changes?since_rev=${rev}`);
      expect(page.as(changes)).toMatchObject({ messages: [], members: [], rev, has_more: false });
      expect(page.meta["epoch"]).toBeString();
      const hidden = (await ann.http("POST", "/rooms", { name: "Attic", type: "private" })).as(roomModel);
      expect((await ben.http("GET", `/rooms/${hidden.id}/changes?since_rev=0`)).outcome).toBe("404 ROOM_NOT_FOUND");
      expect((await ann.http("GET", `/rooms/${roomId}/changes`)).outcome).toBe("422 VALIDATION_ERROR");
    });
  });
});

describe("the message limiter", () => {
  test("refuses with a time to wait, counts HTTP and sockets together, and still answers retries", async () => {
    const server = await startServer({ env: { RATE_LIMITS: "on", RATE_MESSAGES_PER_SECOND: "2" } });
    try {
      const { ann } = await people(server, "ann");
      const room = (await ann.http("POST", "/rooms", { name: "Kitchen", type: "public" })).as(roomModel);
      const socket = await ann.connect();
      for (let index = 0; index < 4; index++) await socket.say(room.id, `line ${index}`, `t${index}`);
      const refused = await ann.http("POST", `/rooms/${room.id}/messages`, { content: "too fast" });
      expect(refused.outcome).toBe("429 RATE_LIMITED");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      const error = await socket.refused("send_message", { room_id: room.id, content: "too fast", temp_id: "fast" });
      expect(error).toMatchObject({ code: "RATE_LIMITED", request_type: "send_message", temp_id: "fast" });
      expect(error.retry_after_ms).toBeGreaterThan(0);
      expect((await socket.say(room.id, "line 1", "t1")).temp_id).toBe("t1");
      socket.close();
    } finally {
      await server.stop();
    }
  });
});
