import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Message } from "../../src/protocol/models.ts";
import type { Parley } from "../../src/sdk/client.ts";
import type { OutboxStorage } from "../../src/sdk/outbox-storage.ts";
import { placeFor } from "../../src/sdk/reduce-conversation.ts";
import type { PendingMessage, RoomState } from "../../src/sdk/state.ts";
import { statusOf } from "../../src/sdk/ticks.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { anotherDevice, contents, newcomer, state } from "./people.ts";

let server: TestServer;
const clients: Parley[] = [];
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
});

const idOf = (client: Parley) => client.me?.id ?? "";
const roomOf = (client: Parley, other: Parley) => client.directRoom(idOf(other));

async function pair(): Promise<[Parley, Parley]> {
  const two = [await newcomer(server, `ann${clients.length}`), await newcomer(server, `ben${clients.length}`)] as const;
  clients.push(...two);
  return [...two];
}

/** The ticks beside one's own last message. */
function ticks(client: Parley, roomId: string) {
  const { me, rooms, timelines } = client.store.getSnapshot();
  const last = timelines[roomId]?.messages.at(-1);
  return last && statusOf(me, rooms[roomId], last);
}

/** What the rooms of a client must have in common with those of one that has just connected. */
async function asFetchedAfresh(client: Parley): Promise<void> {
  const fresh = await anotherDevice(server, client);
  clients.push(fresh);
  const direct = (from: Parley) =>
    Object.values(from.store.getSnapshot().rooms)
      .filter(({ type }) => type === "direct")
      .map(({ last_message, cursors, peer, ...room }: RoomState) => ({
        ...room,
        last: last_message && "content" in last_message ? last_message.content : last_message,
        cursors: [...(cursors ?? [])].sort((a, b) => a.user_id.localeCompare(b.user_id)),
        peer: peer?.id,
      }))
      .sort((a, b) => a.id.localeCompare(b.id));
  expect(direct(client)).toEqual(direct(fresh));
}

test("what is written to a person waits in their place, then in the room that it makes", async () => {
  const [ann, ben] = await pair();
  const sent = ["one", "two", "three"].map((content) => ann.sendTo(idOf(ben), content));
  expect(ann.store.getSnapshot().pending[placeFor(idOf(ben))]).toHaveLength(3);
  const acks = await Promise.all(sent.map(({ acked }) => acked));
  expect(acks.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  const roomId = acks[0]?.room_id ?? "";
  await state(ann, "nothing waits", ({ pending }) => Object.values(pending).flat().length === 0);
  expect(roomOf(ann, ben)).toMatchObject({ id: roomId, type: "direct" });
  const heard = await state(ben, "the last message", ({ rooms }) => rooms[roomId]?.last_seq === 3);
  expect(heard.rooms[roomId]).toMatchObject({ unread_count: 3, peer: { id: idOf(ann) } });
  expect(await ann.sendTo(idOf(ben), "four").acked).toMatchObject({ room_id: roomId, seq: 4 });
  await state(ben, "it", ({ rooms }) => rooms[roomId]?.last_seq === 4);
  await asFetchedAfresh(ann);
  await asFetchedAfresh(ben);
});

test("what waits for a person outlasts the page, and is sent once", async () => {
  const kept = new Map<string, PendingMessage>();
  const outbox: OutboxStorage = {
    load: () => [...kept.values()],
    put: (_, message) => void kept.set(message.temp_id, message),
    remove: (_, tempId) => void kept.delete(tempId),
  };
  const ben = await newcomer(server, `ben${clients.length}`);
  const ann = await newcomer(server, `ann${clients.length}`, { outbox });
  clients.push(ben, ann);
  ann.close();
  ann.sendTo(idOf(ben), "written offline");
  expect(kept.size).toBe(1);
  const later = await anotherDevice(server, ann, { outbox });
  clients.push(later);
  const arrived = await state(ben, "the message", ({ rooms }) =>
    Object.values(rooms).some(({ type, last_seq }) => type === "direct" && last_seq === 1),
  );
  expect(Object.values(arrived.rooms).find(({ type }) => type === "direct")?.last_message).toMatchObject({
    content: "written offline",
  });
  await state(later, "nothing waits", ({ pending }) => Object.values(pending).flat().length === 0);
  expect(kept.size).toBe(0);
});

test("a refused message to a person says why, and can be sent again or discarded", async () => {
  const [ann, ben] = await pair();
  await ben.http.users.update({ privacy: { direct_messages: "friends" } });
  const sent = ann.sendTo(idOf(ben), "may I?");
  await expect(sent.acked).rejects.toMatchObject({ code: "FORBIDDEN" });
  const waiting = () => ann.store.getSnapshot().pending[placeFor(idOf(ben))];
  expect(waiting()).toMatchObject([{ status: "failed", error: { code: "FORBIDDEN" } }]);
  await ben.http.users.update({ privacy: { direct_messages: "everyone" } });
  ann.retry(sent.tempId);
  await state(ann, "it is sent", () => roomOf(ann, ben)?.last_seq === 1);
});

test("ticks follow by themselves: stored, come to a device, read", async () => {
  const [ann, ben] = await pair();
  const { room_id } = await ann.sendTo(idOf(ben), "hello").acked;
  await ann.timelines.open(room_id);
  await state(ann, "two ticks", () => ticks(ann, room_id) === "delivered");
  const { last_message } = (await state(ben, "the message", ({ rooms }) => rooms[room_id]?.last_seq === 1)).rooms[
    room_id
  ] as RoomState;
  ben.markRead(room_id, last_message as Message);
  await state(ann, "green ticks", () => ticks(ann, room_id) === "read");
  await asFetchedAfresh(ann);
  await asFetchedAfresh(ben);
});

test("in a room of some they are the lowest of the others, loaded when one looks", async () => {
  const [ann, ben] = await pair();
  const [cleo] = await pair();
  const { id } = await ann.http.rooms.create({ name: "some", type: "private", member_ids: [idOf(ben), idOf(cleo)] });
  const { seq } = await ann.send(id, "hello, all").acked;
  await ann.timelines.open(id);
  await state(ann, "both have it", () => ticks(ann, id) === "delivered");
  const message = (await ann.http.messages.history(id)).data.at(-1) as Message;
  expect(message.seq).toBe(seq);
  ben.markRead(id, message);
  await state(ann, "ben's cursor", ({ rooms }) =>
    Boolean(rooms[id]?.cursors?.some(({ user_id, read_seq }) => user_id === idOf(ben) && read_seq === seq)),
  );
  expect(ticks(ann, id)).toBe("delivered");
  cleo.markRead(id, message);
  await state(ann, "both have read it", () => ticks(ann, id) === "read");
});

test("an emptied conversation is empty on all devices, goes on from there, and stays so", async () => {
  const [ann, ben] = await pair();
  const { room_id } = await ann.sendTo(idOf(ben), "one").acked;
  await ben.sendTo(idOf(ann), "two").acked;
  const device = await anotherDevice(server, ann);
  clients.push(device);
  for (const client of [ann, device]) await client.timelines.open(room_id);
  expect(contents(device, room_id)).toEqual(["one", "two"]);
  await ann.clearConversation(idOf(ben));
  for (const client of [ann, device]) {
    const emptied = await state(client, "it is empty", () => contents(client, room_id).length === 0);
    expect(emptied.rooms[room_id]).toMatchObject({ last_message: null, unread_count: 0, cleared_seq: 2 });
  }
  await asFetchedAfresh(device);
  await ben.sendTo(idOf(ann), "three").acked;
  for (const client of [ann, device]) {
    await state(client, "the new one", () => contents(client, room_id).join() === "three");
    await client.timelines.loadOlder(room_id);
    expect(contents(client, room_id)).toEqual(["three"]);
  }
  expect(contents(ben, room_id)).toEqual([]);
  await ben.timelines.open(room_id);
  expect(contents(ben, room_id)).toEqual(["one", "two", "three"]);
  await asFetchedAfresh(ann);
});

test("a device that was away learns from what it connects with that the conversation was emptied", async () => {
  const [ann, ben] = await pair();
  const { room_id } = await ann.sendTo(idOf(ben), "one").acked;
  const device = await anotherDevice(server, ann);
  clients.push(device);
  await device.timelines.open(room_id);
  device.close();
  await ann.clearConversation(idOf(ben));
  await device.connect();
  expect(contents(device, room_id)).toEqual([]);
  await ben.sendTo(idOf(ann), "two").acked;
  await state(device, "the new one", () => contents(device, room_id).join() === "two");
});
