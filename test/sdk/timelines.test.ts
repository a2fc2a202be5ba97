import { expect, test } from "bun:test";
import { ApiError } from "../../src/sdk/errors.ts";
import { ben, calm, enter, exchange, newWorld, roomId, type SmallWorld } from "./small-world.ts";

const timeline = ({ client }: SmallWorld) => client.store.getSnapshot().timelines[roomId];
const span = (world: SmallWorld) => [timeline(world)?.messages[0]?.seq, timeline(world)?.messages.at(-1)?.seq];
const say = ({ server }: SmallWorld, count = 1) => {
  for (let said = 0; said < count; said++)
    server.publish(server.room.send(ben, `${server.room.messages.length + 1}`).events);
};

async function worldOf(messages: number): Promise<SmallWorld> {
  const world = newWorld();
  for (let count = 1; count <= messages; count++) world.server.room.send(ben, `${count}`);
  await enter(world);
  return world;
}

async function does(world: SmallWorld, load: Promise<void>): Promise<void> {
  await exchange(world);
  await load;
}

test("opens with the newest page, and with a longer one when much is unread", async () => {
  const unread = await worldOf(300);
  await does(unread, unread.client.timelines.open(roomId));
  expect(span(unread)).toEqual([201, 300]);
  const read = await worldOf(300);
  read.client.markRead(roomId, read.server.room.messages[299]!);
  await does(read, read.client.timelines.open(roomId));
  expect(span(read)).toEqual([251, 300]);
});

test("loads older pages up to the first message, one at a time", async () => {
  const world = await worldOf(120);
  await does(world, world.client.timelines.open(roomId));
  const both = Promise.all([world.client.timelines.loadOlder(roomId), world.client.timelines.loadOlder(roomId)]);
  expect(timeline(world)?.loading.older).toBe(true);
  await exchange(world);
  await both;
  expect(span(world)).toEqual([1, 120]);
  expect(timeline(world)).toMatchObject({ hasOlder: false, live: true, loading: { older: false } });
  const asked = world.server.requested.length;
  await world.client.timelines.loadOlder(roomId);
  expect(world.server.requested.length).toBe(asked);
});

test("jumps into the past, walks forward, and follows the room again at its end", async () => {
  const world = await worldOf(200);
  await does(world, world.client.timelines.open(roomId));
  await does(world, world.client.timelines.loadAround(roomId, `${roomId}-message-30`));
  expect(timeline(world)).toMatchObject({ live: false, hasOlder: true });
  const [, end] = span(world);
  say(world);
  await exchange(world);
  expect(span(world)[1]).toBe(end!);
  for (let pages = 0; pages < 5; pages++) await does(world, world.client.timelines.loadNewer(roomId));
  expect(span(world)[1]).toBe(201);
  expect(timeline(world)?.live).toBe(true);
  say(world);
  await exchange(world);
  expect(span(world)[1]).toBe(202);
});

test("goes to a number that is not held, and stays where it is held", async () => {
  const world = await worldOf(200);
  await does(world, world.client.timelines.open(roomId));
  await does(world, world.client.timelines.loadAt(roomId, { seq: 40 }));
  expect(span(world)).toEqual([15, 64]);
  const held = timeline(world);
  await does(world, world.client.timelines.loadAt(roomId, { seq: 60 }));
  expect(timeline(world)).toBe(held!);
});

test("a long window lets go of its ends, and loads them again", async () => {
  const world = await worldOf(300);
  await does(world, world.client.timelines.open(roomId));
  for (let pages = 0; pages < 5; pages++) await does(world, world.client.timelines.loadOlder(roomId));
  expect(span(world)).toEqual([1, 300]);
  world.client.timelines.keepAround(roomId, 300, 100);
  expect(span(world)).toEqual([201, 300]);
  expect(timeline(world)).toMatchObject({ live: true, hasOlder: true });
  await does(world, world.client.timelines.loadOlder(roomId));
  expect(span(world)).toEqual([151, 300]);
  world.client.timelines.keepAround(roomId, 160, 100);
  expect(span(world)).toEqual([151, 250]);
  expect(timeline(world)).toMatchObject({ live: false });
  say(world);
  await exchange(world);
  expect(span(world)).toEqual([151, 250]);
  await does(world, world.client.timelines.loadNewer(roomId));
  expect(span(world)).toEqual([151, 301]);
  expect(timeline(world)?.live).toBe(true);
});

test("jumping to the latest loses nothing that comes meanwhile", async () => {
  const world = await worldOf(200);
  await does(world, world.client.timelines.loadAround(roomId, `${roomId}-message-30`));
  const jump = world.client.timelines.jumpToLatest(roomId);
  world.server.process();
  say(world, 3);
  await does(world, jump);
  expect(span(world)[1]).toBe(203);
  expect(timeline(world)?.live).toBe(true);
});

test("a page that fails says why and can be asked for again; what was there stays", async () => {
  const world = await worldOf(180);
  await does(world, world.client.timelines.open(roomId));
  const held = timeline(world)?.messages;
  const load = world.client.timelines.loadAround(roomId, `${roomId}-message-1`);
  world.server.cut();
  await load;
  expect(timeline(world)).toMatchObject({ error: "OFFLINE", loading: { page: false } });
  expect(timeline(world)?.messages).toBe(held!);
});

test("a message that is not there is the caller's to hear of", async () => {
  const world = newWorld({
    fetch: async (url, init) =>
      url.includes("around=")
        ? Response.json({ success: false, error: { code: "MESSAGE_NOT_FOUND", message: "no" } }, { status: 404 })
        : world.server.fetch(url, init),
  });
  await enter(world);
  const missing = await world.client.timelines.loadAround(roomId, "nothing").catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(ApiError);
  expect(missing).toMatchObject({ code: "MESSAGE_NOT_FOUND" });
});

test("a room that nobody looks at keeps its newest messages only", async () => {
  const world = await worldOf(250);
  await does(world, world.client.timelines.open(roomId));
  await does(world, world.client.timelines.loadOlder(roomId));
  expect(timeline(world)?.messages.length).toBe(150);
  world.client.timelines.close(roomId);
  expect(timeline(world)?.messages.length).toBe(100);
  expect(timeline(world)?.hasOlder).toBe(true);
});

test("after a long absence an open room starts anew with its newest page, and stays readable until that is there", async () => {
  const world = await worldOf(60);
  await does(world, world.client.timelines.open(roomId));
  world.server.cut();
  for (let count = 0; count < 700; count++) world.server.room.send(ben, "meanwhile");
  await world.clock.advance(1_000);
  expect(span(world)).toEqual([1, 60]);
  await calm(world);
  expect(span(world)).toEqual([661, 760]);
  expect(world.server.processed).not.toContain("sync");
});

test("a room opened before the connection is there asks only for what came after its page", async () => {
  const world = newWorld();
  for (let count = 0; count < 600; count++) world.server.room.send(ben, "before");
  await world.client.login({ username: "ann", password: "a password" });
  await does(world, world.client.timelines.open(roomId));
  say(world, 2);
  const connected = world.client.connect();
  await exchange(world);
  await connected;
  await calm(world);
  expect(span(world)).toEqual([551, 602]);
  expect(world.server.processed.filter((type) => type === "sync").length).toBe(1);
  expect(world.server.requested.filter((request) => request.includes("/messages")).length).toBe(1);
});

test("another history of the database empties an open room and fills it again", async () => {
  const world = await worldOf(60);
  await does(world, world.client.timelines.open(roomId));
  world.server.epoch = "restored";
  world.server.room.messages.splice(50);
  world.server.cut();
  await calm(world);
  expect(world.client.store.getSnapshot().epoch).toBe("restored");
  expect(span(world)).toEqual([1, 50]);
});

test("read marks go out at most twice a second, the last one surely, and again if the connection took them", async () => {
  const world = await worldOf(30);
  await does(world, world.client.timelines.open(roomId));
  const { messages } = world.server.room;
  for (const message of messages.slice(0, 10)) world.client.markRead(roomId, message);
  await exchange(world);
  expect(world.client.store.getSnapshot().rooms[roomId]).toMatchObject({ read_seq: 10, unread_count: 20 });
  await world.clock.advance(500);
  await exchange(world);
  expect(world.server.processed.filter((type) => type === "mark_read").length).toBe(2);
  expect(world.client.store.getSnapshot().rooms[roomId]).toMatchObject({ read_seq: 10, unread_count: 20 });
  await world.clock.advance(500);
  world.client.markRead(roomId, messages[19]!);
  world.server.cut();
  await calm(world);
  expect(world.client.store.getSnapshot().rooms[roomId]).toMatchObject({ read_seq: 20, unread_count: 10 });
  expect(world.server.room.readSeq(world.client.me!)).toBe(20);
});
