import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { joinedRoom, message, receipts, timelineMessage, type Message } from "../../src/protocol/models.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { forgetBlocks } from "../../src/server/blocks/blocked.ts";
import { receiptsSeen } from "../../src/server/timeline/cursors.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDatabase } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";
import { cast, lobbyOf, makeRoom } from "./rooms-cast.ts";

async function tell(from: Person, to: Person, content = "hello"): Promise<Message> {
  return (await from.http("POST", `/direct-messages/${to.id}`, { content })).as(message);
}

async function say(from: Person, roomId: string, content = "hello"): Promise<Message> {
  return (await from.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
}

/** Sends a receipt, and waits until it was dealt with. */
async function mark(socket: TestSocket, kind: "read" | "delivered", { room_id, id }: Message): Promise<void> {
  socket.send({ type: `mark_${kind}`, payload: { room_id, message_id: id } });
  await socket.fence();
}

async function receiptsOf(viewer: Person, { id }: Message) {
  const { read, delivered } = (await viewer.http("GET", `/messages/${id}/receipts`)).as(receipts);
  return { read: read.map(({ user }) => user.id), delivered: delivered.map(({ user }) => user.id) };
}

async function statusOf(viewer: Person, { room_id, id }: Message): Promise<string | undefined> {
  const page = (await viewer.http("GET", `/rooms/${room_id}/messages?around=${id}`)).as(z.array(timelineMessage));
  const found = page.find((each) => each.id === id);
  return found && "status" in found ? found.status : undefined;
}

async function cursorsOf(viewer: Person, roomId: string) {
  const rooms = (await viewer.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
  return Object.fromEntries(
    (rooms.find(({ id }) => id === roomId)?.cursors ?? []).map((each) => [
      each.user_id,
      [each.read_seq, each.delivered_seq],
    ]),
  );
}

async function hideReceipts(person: Person): Promise<void> {
  await person.http("PATCH", "/users/me", { privacy: { read_receipts: false } });
}

forEachDatabase((dialect) => {
  let server: TestServer;
  const clock = new ManualClock();

  beforeAll(async () => {
    server = await startServer({ dialect, clock, env: { RATE_LIMITS: "off" } });
  });
  afterAll(() => server.stop());

  /** Every node knows of the receipts taken up to now: one alone at once. */
  const known = () => Promise.all(server.contexts.map(receiptsSeen));
  /** What the half second since the last receipt holds back is told. */
  const passHalfASecond = () => clock.advance(500);

  describe("of a message to one person", () => {
    test("both hear on all devices how far it has come, and its status says it", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = await tell(ann, ben);
      const [own, device, peer] = [
        await ann.connect(),
        await (await ann.onAnotherDevice()).connect(),
        await ben.connect(),
      ];
      expect(await statusOf(ann, sent)).toBe("sent");
      await mark(peer, "delivered", sent);
      for (const socket of [own, device]) {
        const { payload } = await socket.next("message_delivered");
        expect(payload).toMatchObject({
          room_id: sent.room_id,
          message_id: sent.id,
          user_id: ben.id,
          delivered_seq: 1,
        });
      }
      expect(await statusOf(ann, sent)).toBe("delivered");
      expect(await statusOf(ben, sent)).toBeUndefined();
      expect(await cursorsOf(ann, sent.room_id)).toEqual({ [ann.id]: [1, 1], [ben.id]: [0, 1] });
      await mark(peer, "read", sent);
      for (const socket of [own, device, peer]) {
        const { payload } = await socket.next("message_read");
        expect(payload).toMatchObject({ message_id: sent.id, user_id: ben.id, read_seq: 1 });
        expect(payload.read_at).toBe(new Date(clock.now()).toISOString());
      }
      expect(await statusOf(ann, sent)).toBe("read");
      expect(await receiptsOf(ann, sent)).toEqual({ read: [ben.id], delivered: [ben.id] });
      expect(await cursorsOf(ann, sent.room_id)).toEqual({ [ann.id]: [1, 1], [ben.id]: [1, 1] });
      for (const socket of [own, device, peer]) socket.close();
    });

    test("over HTTP too; an answer is as good as a receipt", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = await tell(ann, ben);
      const socket = await ann.connect();
      const body = { last_read_message_id: sent.id };
      expect((await ben.http("POST", `/rooms/${sent.room_id}/messages/read`, body)).status).toBe(200);
      await socket.next("message_read", ({ user_id }) => user_id === ben.id);
      const second = await tell(ann, ben);
      await tell(ben, ann, "an answer");
      expect(await statusOf(ann, second)).toBe("read");
      expect(await receiptsOf(ann, second)).toEqual({ read: [ben.id], delivered: [ben.id] });
      socket.close();
    });

    test("a socket that connects, and one that asks what changed, have both cursors", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = await tell(ann, ben);
      const peer = await ben.connect();
      await mark(peer, "delivered", sent);
      await known();
      const early = await ann.connect({ early: true });
      const ready = (await early.ready()).payload;
      const expected = [
        { user_id: ann.id, read_seq: 1, delivered_seq: 1 },
        { user_id: ben.id, read_seq: 0, delivered_seq: 1 },
      ];
      const inOrder = <C extends { user_id: string }>(cursors: C[] = []) =>
        [...cursors].sort((a, b) => a.user_id.localeCompare(b.user_id));
      expect(inOrder(ready.rooms.find(({ id }) => id === sent.room_id)?.cursors)).toEqual(inOrder(expected));
      const rooms = [{ room_id: sent.room_id, rev: sent.rev }];
      early.send({ type: "sync", payload: { epoch: server.context.epoch, rooms } });
      expect(inOrder((await early.next("sync_batch")).payload.cursors)).toEqual(inOrder(expected));
      early.close();
      peer.close();
    });
  });

  test("the answer to a send says how far it has come, a retry's how far by now; to who has left nothing", async () => {
    const { ann, ben } = await cast(server, "ann", "ben");
    const { id } = await makeRoom(ann, { members: [ben] });
    const again = async () =>
      (await ben.http("POST", `/rooms/${id}/messages`, { content: "hello", temp_id: "one" })).as(message);
    const sent = await again();
    expect(sent.status).toBe("sent");
    expect((await tell(ann, ben)).status).toBe("sent");
    await ann.http("POST", `/rooms/${id}/messages/read`, { last_read_message_id: sent.id });
    await ann.http("PUT", `/messages/${sent.id}/reactions/${encodeURIComponent("👍")}`);
    expect(await again()).toMatchObject({ id: sent.id, status: "read", reactions: [{ count: 1, me: false }] });
    await ben.http("DELETE", `/messages/${sent.id}?for=me`);
    expect(await again()).toMatchObject({ id: sent.id, content: "hello" });
    await ann.http("DELETE", `/rooms/${id}/members/${ben.id}`);
    const late = await again();
    expect([late.id, late.status]).toEqual([sent.id, undefined]);
    expect((await say(ann, (await lobbyOf(ann)).id)).status).toBeUndefined();
  });

  test("half a second tells of the newest place alone, and once", async () => {
    const { ann, ben } = await cast(server, "ann", "ben");
    const sent: Message[] = [];
    for (let index = 0; index < 5; index++) sent.push(await tell(ann, ben, `${index}`));
    const [own, peer] = [await ann.connect(), await ben.connect()];
    for (const each of sent) await mark(peer, "read", each);
    await own.next("message_read", ({ read_seq }) => read_seq === 1);
    await own.fence();
    expect(own.seen("message_read").map(({ read_seq }) => read_seq)).toEqual([1]);
    passHalfASecond();
    await own.next("message_read", ({ read_seq }) => read_seq === 5);
    passHalfASecond();
    await own.fence();
    expect(own.seen("message_read").map(({ read_seq }) => read_seq)).toEqual([1, 5]);
    own.close();
    peer.close();
  });

  describe("a receipt that cannot be", () => {
    test("for another room's message, or none, is refused and changes nothing", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { members: [ben] });
      const here = await say(ann, room.id);
      const elsewhere = await tell(ann, ben);
      const peer = await ben.connect();
      const ids = [elsewhere.id, Bun.randomUUIDv7(), "nothing", "\u0000"];
      for (const message_id of ids) {
        for (const type of ["mark_read", "mark_delivered"]) {
          expect(await peer.refused(type, { room_id: room.id, message_id })).toMatchObject({
            code: "MESSAGE_NOT_FOUND",
          });
        }
        const body = { last_read_message_id: message_id };
        expect((await ben.http("POST", `/rooms/${room.id}/messages/read`, body)).outcome).toBe("404 MESSAGE_NOT_FOUND");
        if (message_id !== elsewhere.id) {
          expect((await ben.http("GET", `/messages/${encodeURIComponent(message_id)}/receipts`)).outcome).toBe(
            "404 MESSAGE_NOT_FOUND",
          );
        }
      }
      expect(await statusOf(ann, here)).toBe("sent");
      expect(await receiptsOf(ann, here)).toEqual({ read: [], delivered: [] });
      peer.close();
    });

    test("for what was passed already changes nothing and is not told", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const [first, second] = [await tell(ann, ben), await tell(ann, ben)];
      const [own, peer] = [await ann.connect(), await ben.connect()];
      await mark(peer, "read", second);
      await own.next("message_read");
      for (const kind of ["read", "delivered"] as const) await mark(peer, kind, first);
      passHalfASecond();
      passHalfASecond();
      await own.fence();
      expect(own.seen("message_read")).toHaveLength(1);
      expect(own.seen("message_delivered")).toEqual([]);
      expect(await cursorsOf(ann, first.room_id)).toEqual({ [ann.id]: [2, 2], [ben.id]: [2, 2] });
      own.close();
      peer.close();
    });

    test("in a room one has left is refused", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { members: [ben] });
      const sent = await say(ann, room.id);
      await ben.http("POST", `/rooms/${room.id}/leave`);
      const peer = await ben.connect();
      for (const type of ["mark_read", "mark_delivered"]) {
        expect(await peer.refused(type, { room_id: room.id, message_id: sent.id })).toMatchObject({
          code: "FORBIDDEN",
        });
      }
      expect((await ben.http("GET", `/messages/${sent.id}/receipts`)).outcome).toBe("403 FORBIDDEN");
      peer.close();
    });
  });

  describe("in a room of some", () => {
    test("the status is the lowest cursor of the others, and receipts name them, the earliest first", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const room = await makeRoom(ann, { members: [ben, cleo] });
      const sent = await say(ann, room.id);
      const [own, b, c] = [await ann.connect(), await ben.connect(), await cleo.connect()];
      await mark(c, "read", sent);
      await known();
      expect(await statusOf(ann, sent)).toBe("sent");
      clock.advance(1_000);
      await mark(b, "delivered", sent);
      await known();
      expect(await statusOf(ann, sent)).toBe("delivered");
      clock.advance(1_000);
      await mark(b, "read", sent);
      await own.next("message_read", ({ user_id }) => user_id === ben.id);
      expect(await statusOf(ann, sent)).toBe("read");
      const { read, delivered } = (await cleo.http("GET", `/messages/${sent.id}/receipts`)).as(receipts);
      expect(delivered.map(({ user }) => user.id)).toEqual([ben.id]);
      expect(read.map(({ user }) => user.id)).toEqual([ben.id]);
      const mine = (await ann.http("GET", `/messages/${sent.id}/receipts`)).as(receipts);
      expect(mine.read.map(({ user }) => user.id)).toEqual([cleo.id, ben.id]);
      expect(Date.parse(mine.read[1]?.read_at ?? "") - Date.parse(mine.read[0]?.read_at ?? "")).toBe(2_000);
      expect(Date.parse(mine.delivered[1]?.delivered_at ?? "") - Date.parse(mine.read[0]?.read_at ?? "")).toBe(1_000);
      const changes = (await ann.http("GET", `/rooms/${room.id}/changes?since_rev=${sent.rev}`)).data;
      expect(changes).toMatchObject({ cursors: { length: 3 } });
      for (const socket of [own, b, c]) socket.close();
    });

    test("the times outlast what is only in memory", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = await tell(ann, ben);
      const peer = await ben.connect();
      await mark(peer, "delivered", sent);
      const at = clock.now();
      clock.advance(5_000);
      await mark(peer, "read", sent);
      const body = { last_read_message_id: (await tell(ann, ben)).id };
      await ben.http("POST", `/rooms/${sent.room_id}/messages/read`, body);
      const { read, delivered } = (await ann.http("GET", `/messages/${sent.id}/receipts`)).as(receipts);
      expect(delivered[0]?.delivered_at).toBe(new Date(at).toISOString());
      expect(read[0]?.read_at).toBe(new Date(at + 5_000).toISOString());
      peer.close();
    });

    test("the lobby tells nothing: no status, no receipts, no events", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = await say(ann, (await lobbyOf(ann)).id);
      const [own, peer] = [await ann.connect(), await ben.connect()];
      await mark(peer, "delivered", sent);
      await mark(peer, "read", sent);
      passHalfASecond();
      await own.fence();
      expect([...own.seen("message_read"), ...own.seen("message_delivered")]).toEqual([]);
      expect(await statusOf(ann, sent)).toBeUndefined();
      expect(await receiptsOf(ann, sent)).toEqual({ read: [], delivered: [] });
      own.close();
      peer.close();
    });
  });

  describe("who keeps their receipts to themselves", () => {
    test("is known to have got a message, not to have read it; their own devices follow", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      await hideReceipts(ben);
      const sent = await tell(ann, ben);
      const [own, peer] = [await ann.connect(), await ben.connect()];
      const device = await (await ben.onAnotherDevice()).connect();
      await mark(peer, "read", sent);
      await device.next("message_read");
      await own.next("message_delivered", ({ user_id }) => user_id === ben.id);
      passHalfASecond();
      await own.fence();
      expect(own.seen("message_read")).toEqual([]);
      expect(await statusOf(ann, sent)).toBe("delivered");
      expect(await receiptsOf(ann, sent)).toEqual({ read: [], delivered: [ben.id] });
      expect(await cursorsOf(ann, sent.room_id)).toEqual({ [ann.id]: [1, 1], [ben.id]: [0, 1] });
      for (const socket of [own, peer, device]) socket.close();
    });

    test("sees none of the others', in a conversation and in a room of many", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await hideReceipts(ann);
      const room = await makeRoom(ann, { members: [ben, cleo] });
      const [own, b, c] = [await ann.connect(), await ben.connect(), await cleo.connect()];
      for (const sent of [await tell(ann, ben), await say(ann, room.id)]) {
        await mark(b, "read", sent);
        await own.fence();
        expect(own.seen("message_read")).toEqual([]);
        expect((await receiptsOf(ann, sent)).read).toEqual([]);
        expect(await statusOf(ann, sent)).not.toBe("read");
        if (sent.room_id === room.id) await c.next("message_read", ({ user_id }) => user_id === ben.id);
      }
      for (const socket of [own, b, c]) socket.close();
    });
  });

  test("between people of whom one has blocked the other nothing is told", async () => {
    const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
    const room = await makeRoom(ann, { members: [ben, cleo] });
    const [direct, said] = [await tell(ann, ben), await say(ann, room.id)];
    await block(server, ben, ann);
    const [own, peer] = [await ann.connect(), await ben.connect()];
    for (const sent of [direct, said]) await mark(peer, "read", sent);
    passHalfASecond();
    await own.fence();
    expect([...own.seen("message_read"), ...own.seen("message_delivered")]).toEqual([]);
    expect(await statusOf(ann, direct)).toBe("sent");
    for (const sent of [direct, said]) expect(await receiptsOf(ann, sent)).toEqual({ read: [], delivered: [] });
    own.close();
    peer.close();
  });
});

async function block({ context }: TestServer, by: Person, whom: Person): Promise<void> {
  const [user, blocked] = [await peopleOf(context).byId(by.id), await peopleOf(context).byId(whom.id)];
  if (!user || !blocked) throw new Error("nobody has this id");
  const row = { user_key: user.key, blocked_key: blocked.key, created_at: 0 };
  await context.db.write((tx) => tx.insert(context.db.tables.blocks).values(row));
  forgetBlocks(context, [user.key, blocked.key]);
}
