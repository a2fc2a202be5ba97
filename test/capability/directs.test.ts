import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import {
  conversation,
  joinedRoom,
  message,
  room as roomModel,
  searchHit,
  timelineMessage,
  type Message,
} from "../../src/protocol/models.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { forgetBlocks } from "../../src/server/blocks/blocked.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { forEachDialect } from "../support/dialects.ts";
import { type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, official } from "./rooms-cast.ts";

const conversations = z.array(conversation);

async function tell(from: Person, to: Person, content: string, tempId?: string): Promise<Message> {
  const body = { content, ...(tempId !== undefined && { temp_id: tempId }) };
  return (await from.http("POST", `/direct-messages/${to.id}`, body)).as(message);
}

async function saidTo(viewer: Person, other: Person) {
  return (await viewer.http("GET", `/direct-messages/${other.id}`)).as(z.array(timelineMessage));
}

async function listed(viewer: Person) {
  return (await viewer.http("GET", "/direct-messages/conversations")).as(conversations);
}

async function joined(viewer: Person) {
  const rooms = (await viewer.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
  return rooms.filter(({ type }) => type === "direct");
}

forEachDialect((dialect) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ dialect, env: { GUESTS: "on" } });
  });
  afterAll(() => server.stop());

  describe("a conversation", () => {
    test("begins with the first message, on all devices of both, and goes on there", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      expect(await saidTo(ann, ben)).toEqual([]);
      expect(await listed(ann)).toEqual([]);
      const sockets = [await ann.connect(), await (await ann.onAnotherDevice()).connect(), await ben.connect()];
      const first = await tell(ann, ben, "hello");
      for (const [index, socket] of sockets.entries()) {
        const { room } = (await socket.next("room_added")).payload;
        const other = index === 2 ? ann : ben;
        expect(room).toMatchObject({ id: first.room_id, type: "direct", name: "", owner: null, member_count: 2 });
        expect(room.peer).toMatchObject({ id: other.id, username: other.username });
        expect(room.cursors?.map(({ user_id }) => user_id).sort()).toEqual([ann.id, ben.id].sort());
        expect((await socket.next("new_direct_message")).payload).toEqual({ ...first, status: undefined });
      }
      const answer = await tell(ben, ann, "hello yourself");
      expect(answer).toMatchObject({ room_id: first.room_id, seq: 2 });
      for (const socket of sockets) {
        await socket.next("new_direct_message", ({ id }) => id === answer.id);
        await socket.fence();
        expect(socket.seen("new_message")).toEqual([]);
        socket.close();
      }
      expect((await saidTo(ann, ben)).map(({ seq }) => seq)).toEqual([1, 2]);
      const own = (await ann.http("GET", `/rooms/${first.room_id}`)).as(roomModel);
      expect(own.peer?.id).toBe(ben.id);
    });

    test("begun by many first messages at once is one room with all of them", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          index % 2 ? tell(ann, ben, `a${index}`) : tell(ben, ann, `b${index}`),
        ),
      );
      expect(new Set(sent.map(({ room_id }) => room_id)).size).toBe(1);
      expect(sent.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
      expect(await joined(ann)).toHaveLength(1);
    });

    test("also over sockets: the ack first, the same temp_id stored once over the making of the room", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const socket = await ann.connect();
      const send = { receiver_id: ben.id, content: "once", temp_id: `first ${ann.id}` };
      const acks = await Promise.all([1, 2, 3].map(() => socket.request("send_direct_message", send)));
      const [ack] = acks;
      expect(ack?.type).toBe("message_ack");
      expect(new Set(acks.map(({ payload }) => JSON.stringify(payload))).size).toBe(1);
      const again = await ann.http("POST", `/direct-messages/${ben.id}`, { content: "once", temp_id: send.temp_id });
      expect(again.status).toBe(200);
      expect(await saidTo(ben, ann)).toHaveLength(1);
      const other = await socket.refused("send_direct_message", { ...send, content: "twice" });
      expect(other).toMatchObject({ code: "IDEMPOTENCY_CONFLICT", temp_id: send.temp_id });
      const order = socket.frames.map(({ type }) => type);
      expect(order.indexOf("message_ack")).toBeLessThan(order.indexOf("new_direct_message"));
      const inRoom = await ann.http("POST", `/rooms/${again.as(message).room_id}/messages`, {
        content: "once",
        temp_id: send.temp_id,
      });
      expect(inRoom.status).toBe(200);
      socket.close();
    });

    test("is not begun by what is refused", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const refused = [
        { content: "" },
        { content: "x".repeat(4_001) },
        { content: "a\u0000" },
        { content: "x", type: "system" },
        { content: "x", receiver_id: ben.id },
      ];
      for (const body of refused) {
        expect((await ann.http("POST", `/direct-messages/${ben.id}`, body)).status).toBe(422);
      }
      const lobby = (await ann.http("GET", "/rooms?type=public")).as(z.array(roomModel))[0]?.id;
      await ann.http("POST", `/rooms/${lobby}/messages`, { content: "x", temp_id: `used ${ann.id}` });
      const conflict = await ann.http("POST", `/direct-messages/${ben.id}`, {
        content: "x",
        temp_id: `used ${ann.id}`,
      });
      expect(conflict.outcome).toBe("409 IDEMPOTENCY_CONFLICT");
      expect(await joined(ann)).toEqual([]);
      expect(await joined(ben)).toEqual([]);
    });

    test("with oneself, or nobody, there is none", async () => {
      const { ann } = await cast(server, "ann");
      const say = (id: string) => ann.http("POST", `/direct-messages/${id}`, { content: "x" });
      expect((await say(ann.id)).outcome).toBe("422 VALIDATION_ERROR");
      for (const id of [Bun.randomUUIDv7(), "nobody", "1 OR 1=1"]) {
        expect((await say(encodeURIComponent(id))).outcome).toBe("404 USER_NOT_FOUND");
        expect((await ann.http("GET", `/direct-messages/${encodeURIComponent(id)}`)).outcome).toBe(
          "404 USER_NOT_FOUND",
        );
      }
      expect((await ann.http("GET", `/direct-messages/${ann.id}`)).status).toBe(422);
    });

    test("is listed by its latest message, with what is unread", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await tell(ben, ann, "one");
      await tell(ann, cleo, "two");
      await tell(ben, ann, "three");
      const list = await listed(ann);
      expect(list.map(({ user, unread_count }) => [user.id, unread_count])).toEqual([
        [ben.id, 2],
        [cleo.id, 0],
      ]);
      expect(list.map(({ last_message }) => [last_message?.content, last_message?.is_mine])).toEqual([
        ["three", false],
        ["two", true],
      ]);
      const answer = await ann.http("GET", "/direct-messages/conversations?per_page=1&page=2");
      expect(answer.meta).toEqual({ page: 2, per_page: 1, total: 2, has_more: false });
      expect(answer.as(conversations).map(({ user }) => user.id)).toEqual([cleo.id]);
      const found = (await ann.http("GET", `/rooms?type=joined&search=${cleo.username}`)).as(z.array(joinedRoom));
      expect(found.map(({ peer }) => peer?.id)).toEqual([cleo.id]);
    });

    test("is read page by page as a room is", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent: Message[] = [];
      for (let index = 0; index < 5; index++)
        sent.push(await tell(index % 2 ? ann : ben, index % 2 ? ben : ann, `${index}`));
      const get = async (query: string) => {
        const answer = await ann.http("GET", `/direct-messages/${ben.id}?${query}`);
        return { seqs: answer.as(z.array(timelineMessage)).map(({ seq }) => seq), meta: answer.meta };
      };
      expect(await get("limit=2")).toEqual({
        seqs: [4, 5],
        meta: { has_more: true, oldest_id: sent[3]?.id, newest_id: sent[4]?.id },
      });
      expect((await get(`before=${sent[3]?.id}&limit=2`)).seqs).toEqual([2, 3]);
      expect((await get(`after=${sent[3]?.id}`)).seqs).toEqual([5]);
      expect((await get(`around=${sent[2]?.id}&limit=3`)).seqs).toEqual([2, 3, 4]);
    });
  });

  describe("whom it is none of their business", () => {
    test("sees nothing of it, an administrator neither", async () => {
      const { ann, ben, eve } = await cast(server, "ann", "ben", "eve");
      const admin = await official(server, "admin");
      const { room_id, id } = await tell(ann, ben, "between usneedle");
      await catchUp(server.context);
      for (const other of [eve, admin]) {
        const paths = ["", "/messages", "/members", "/changes?since_rev=0", "/messages/search?q=usneedle"];
        for (const path of paths) {
          expect((await other.http("GET", `/rooms/${room_id}${path}`)).outcome).toBe("404 ROOM_NOT_FOUND");
        }
        expect((await other.http("POST", `/rooms/${room_id}/join`)).outcome).toBe("404 ROOM_NOT_FOUND");
        expect((await other.http("POST", `/rooms/${room_id}/messages`, { content: "x" })).outcome).toBe(
          "404 ROOM_NOT_FOUND",
        );
        expect((await other.http("GET", `/messages/${id}/receipts`)).outcome).toBe("404 MESSAGE_NOT_FOUND");
        expect((await other.http("GET", "/messages/search?q=usneedle")).as(z.array(searchHit))).toEqual([]);
        const socket = await other.connect();
        expect(await socket.refused("mark_read", { room_id, message_id: id })).toMatchObject({
          code: "ROOM_NOT_FOUND",
        });
        expect(await socket.refused("mark_delivered", { room_id, message_id: id })).toMatchObject({
          code: "ROOM_NOT_FOUND",
        });
        socket.close();
      }
      expect((await ben.http("GET", "/messages/search?q=usneedle")).as(z.array(searchHit))).toHaveLength(1);
      const guest = await fetch(`${server.url}/api/v1/rooms/${room_id}/messages`);
      expect(guest.status).toBe(404);
      expect((await fetch(`${server.url}/api/v1/direct-messages/${ben.id}`)).status).toBe(401);
      expect((await fetch(`${server.url}/api/v1/direct-messages/conversations`)).status).toBe(401);
    });
  });

  describe("what a room may and a conversation may not", () => {
    test("is forbidden to both", async () => {
      const { ann, ben, eve } = await cast(server, "ann", "ben", "eve");
      const { room_id } = await tell(ann, ben, "hello");
      const before = (await ann.http("GET", `/rooms/${room_id}`)).as(roomModel);
      const tries: [string, string, unknown?][] = [
        ["POST", "/join"],
        ["POST", "/leave"],
        ["PATCH", "", { name: "us" }],
        ["PATCH", "", { type: "public" }],
        ["DELETE", ""],
        ["POST", "/members", { user_ids: [eve.id] }],
        ["PATCH", `/members/${ben.id}`, { role: "admin" }],
        ["DELETE", `/members/${ben.id}`],
        ["POST", "/transfer", { user_id: ben.id }],
      ];
      for (const [method, path, body] of tries) {
        const answer = await ann.http(method, `/rooms/${room_id}${path}`, body);
        expect({ method, path, outcome: answer.outcome }).toEqual({ method, path, outcome: "403 FORBIDDEN" });
      }
      expect((await ann.http("GET", `/rooms/${room_id}`)).as(roomModel)).toEqual(before);
      expect((await ann.http("POST", "/rooms", { name: "us", type: "direct" })).status).toBe(422);
    });
  });

  describe("who may not be written to", () => {
    test("one who is blocked or has blocked, either way, also in the room; what was said stays", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { room_id } = await tell(ann, ben, "before", `before ${ann.id}`);
      await block(server, ben, ann);
      for (const [from, to] of [
        [ann, ben],
        [ben, ann],
      ] as const) {
        expect((await from.http("POST", `/direct-messages/${to.id}`, { content: "x" })).outcome).toBe("403 BLOCKED");
        expect((await from.http("POST", `/rooms/${room_id}/messages`, { content: "x" })).outcome).toBe("403 BLOCKED");
        expect(await saidTo(from, to)).toHaveLength(1);
      }
      const socket = await ann.connect();
      const refused = await socket.refused("send_direct_message", { receiver_id: ben.id, content: "x", temp_id: "b" });
      expect(refused).toMatchObject({ code: "BLOCKED", temp_id: "b" });
      socket.close();
      // What was stored before is still answered.
      const again = await ann.http("POST", `/direct-messages/${ben.id}`, {
        content: "before",
        temp_id: `before ${ann.id}`,
      });
      expect(again.status).toBe(200);
      await block(server, cleo, ann);
      expect((await ann.http("POST", `/direct-messages/${cleo.id}`, { content: "x" })).outcome).toBe("403 BLOCKED");
      expect(await joined(cleo)).toEqual([]);
    });

    test("one who takes messages of friends alone, also when the conversation has begun", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await tell(ann, ben, "before");
      await ben.http("PATCH", "/users/me", { privacy: { direct_messages: "friends" } });
      expect((await ann.http("POST", `/direct-messages/${ben.id}`, { content: "x" })).outcome).toBe("403 FORBIDDEN");
      expect((await cleo.http("POST", `/direct-messages/${ben.id}`, { content: "x" })).outcome).toBe("403 FORBIDDEN");
      expect((await ben.http("POST", `/direct-messages/${ann.id}`, { content: "x" })).status).toBe(201);
      await befriend(server, ann, ben);
      expect((await ann.http("POST", `/direct-messages/${ben.id}`, { content: "x" })).status).toBe(201);
    });

    test("one whose account is gone; the name goes, the history stays", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await tell(ann, ben, "hello");
      const socket = await ann.connect();
      await ben.http("DELETE", "/users/me", { password: ben.password });
      await socket.next("user_updated", ({ user }) => user.id === ben.id);
      socket.close();
      expect((await ann.http("POST", `/direct-messages/${ben.id}`, { content: "x" })).outcome).toBe(
        "404 USER_NOT_FOUND",
      );
      expect((await cleo.http("POST", `/direct-messages/${ben.id}`, { content: "x" })).outcome).toBe(
        "404 USER_NOT_FOUND",
      );
      expect((await cleo.http("GET", `/direct-messages/${ben.id}`)).outcome).toBe("404 USER_NOT_FOUND");
      expect(await saidTo(ann, ben)).toHaveLength(1);
      const [own] = await joined(ann);
      expect(own?.peer).toMatchObject({ id: ben.id, display_name: "Deleted account" });
      expect(own?.member_count).toBe(2);
    });
  });

  describe("emptying a conversation", () => {
    test("empties it for oneself alone, on all devices; what comes then is shown", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const first = await tell(ann, ben, "old words oneneedle");
      await tell(ben, ann, "old answer oneneedle");
      await catchUp(server.context);
      const device = await (await ann.onAnotherDevice()).connect();
      const peer = await ben.connect();
      const answer = await ann.http("DELETE", `/direct-messages/${ben.id}`);
      expect(answer.data).toEqual({ room_id: first.room_id, up_to_seq: 2 });
      expect((await device.next("conversation_cleared")).payload).toEqual({ room_id: first.room_id, up_to_seq: 2 });
      await peer.fence();
      expect(peer.seen("conversation_cleared")).toEqual([]);
      expect(await saidTo(ann, ben)).toEqual([]);
      expect(await saidTo(ben, ann)).toHaveLength(2);
      expect(await listed(ann)).toEqual([]);
      expect(await listed(ben)).toHaveLength(1);
      expect((await ann.http("GET", "/messages/search?q=oneneedle")).data).toEqual([]);
      expect((await ann.http("GET", `/direct-messages/${ben.id}?around=${first.id}`)).outcome).toBe(
        "404 MESSAGE_NOT_FOUND",
      );
      expect((await joined(ann))[0]).toMatchObject({
        last_message: null,
        unread_count: 0,
        cleared_seq: 2,
        read_seq: 2,
      });
      const changes = (await ann.http("GET", `/rooms/${first.room_id}/changes?since_rev=0`)).data;
      expect(JSON.stringify(changes)).not.toContain("oneneedle");
      const news = await tell(ben, ann, "new");
      expect((await saidTo(ann, ben)).map(({ id }) => id)).toEqual([news.id]);
      expect((await listed(ann)).map(({ unread_count }) => unread_count)).toEqual([1]);
      expect((await ann.http("DELETE", `/direct-messages/${ben.id}`)).data).toMatchObject({ up_to_seq: 3 });
      device.close();
      peer.close();
    });

    test("of which there is none does nothing", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      expect((await ann.http("DELETE", `/direct-messages/${ben.id}`)).data).toEqual({ room_id: null, up_to_seq: 0 });
      expect((await ann.http("DELETE", `/direct-messages/${Bun.randomUUIDv7()}`)).outcome).toBe("404 USER_NOT_FOUND");
    });
  });

  test("a guest may not, whatever the way", async () => {
    const answers = await Promise.all(
      (["GET", "POST", "DELETE"] as const).map(async (method) => {
        const response = await fetch(`${server.url}/api/v1/direct-messages/${Bun.randomUUIDv7()}`, { method });
        return response.status;
      }),
    );
    expect(answers).toEqual([401, 401, 401]);
  });
});

async function keyOf({ context }: TestServer, { id }: Person): Promise<number> {
  const found = await peopleOf(context).byId(id);
  if (!found) throw new Error("nobody has this id");
  return found.key;
}

/** What the verb leaves behind: the row, and nobody who remembers otherwise. */
async function block(server: TestServer, by: Person, whom: Person): Promise<void> {
  const { db } = server.context;
  const [user_key, blocked_key] = [await keyOf(server, by), await keyOf(server, whom)];
  await db.write((tx) => tx.insert(db.tables.blocks).values({ user_key, blocked_key, created_at: 0 }));
  forgetBlocks(server.context, [user_key, blocked_key]);
}

async function befriend(server: TestServer, one: Person, other: Person): Promise<void> {
  const { db } = server.context;
  const [a, b] = [await keyOf(server, one), await keyOf(server, other)];
  const rows = [
    { user_key: a, friend_key: b, created_at: 0 },
    { user_key: b, friend_key: a, created_at: 0 },
  ];
  await db.write((tx) => tx.insert(db.tables.friendships).values(rows));
}
