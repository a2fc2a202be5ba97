import { expect, test } from "bun:test";
import { ApiError } from "../../src/sdk/errors.ts";
import type { OutboxStorage } from "../../src/sdk/outbox-storage.ts";
import type { PendingMessage } from "../../src/sdk/state.ts";
import { calm, enter, exchange, newClient, newWorld, roomId, type SmallWorld } from "./small-world.ts";

/** As a browser's storage: it outlives the page. */
function shelf(): OutboxStorage & { kept: Map<string, PendingMessage> } {
  const kept = new Map<string, PendingMessage>();
  return {
    kept,
    load: (userId) => [...kept].flatMap(([key, message]) => (key.startsWith(`${userId} `) ? [message] : [])),
    put: (userId, message) => void kept.set(`${userId} ${message.temp_id}`, message),
    remove: (userId, tempId) => void kept.delete(`${userId} ${tempId}`),
  };
}

const pending = ({ client }: SmallWorld) => client.store.getSnapshot().pending[roomId] ?? [];
const contents = ({ server }: SmallWorld) => server.room.messages.map(({ content }) => content);

test("a send is shown at once, acked after it is stored, and then is a message like any other", async () => {
  const world = newWorld();
  await enter(world);
  void world.client.timelines.open(roomId);
  await exchange(world);
  const sent = world.client.send(roomId, "hello");
  expect(pending(world)).toMatchObject([{ temp_id: sent.tempId, content: "hello", status: "sending", seq: null }]);
  world.server.process();
  world.server.deliver(1);
  expect(pending(world)).toMatchObject([{ status: "sent", seq: 1 }]);
  expect(await sent.acked).toMatchObject({ temp_id: sent.tempId, seq: 1, room_id: roomId });
  await exchange(world);
  expect(pending(world)).toEqual([]);
  expect(world.client.store.getSnapshot().rooms[roomId]?.last_message).toMatchObject({ content: "hello" });
});

test("what is written offline waits and goes out in order, once", async () => {
  const world = newWorld();
  await enter(world);
  world.server.cut();
  for (const content of ["one", "two", "three"]) world.client.send(roomId, content);
  expect(pending(world).map(({ status }) => status)).toEqual(["queued", "queued", "queued"]);
  await calm(world);
  expect(contents(world)).toEqual(["one", "two", "three"]);
  expect(pending(world)).toEqual([]);
});

test("a message whose ack was lost is sent again with the same id and is there once", async () => {
  const world = newWorld();
  await enter(world);
  const sent = world.client.send(roomId, "hello");
  world.server.process();
  world.server.cut();
  await calm(world);
  expect(contents(world)).toEqual(["hello"]);
  expect((await sent.acked).seq).toBe(1);
  expect(world.server.processed.filter((type) => type === "send_message").length).toBe(2);
});

test("one message at a time is under way in a room, so that a refused one is not overtaken", async () => {
  const world = newWorld();
  await enter(world);
  world.server.refusals = [{ code: "RATE_LIMITED", retry_after_ms: 700 }];
  world.client.send(roomId, "one");
  world.client.send(roomId, "two");
  await exchange(world);
  expect(pending(world).map(({ status }) => status)).toEqual(["queued", "queued"]);
  await world.clock.advance(699);
  await exchange(world);
  expect(contents(world)).toEqual([]);
  await world.clock.advance(1);
  await exchange(world);
  expect(contents(world)).toEqual(["one", "two"]);
});

test("a busy server is asked again, ever later", async () => {
  const world = newWorld();
  await enter(world);
  world.server.refusals = [{ code: "UNAVAILABLE" }, { code: "UNAVAILABLE" }];
  world.client.send(roomId, "hello");
  await exchange(world);
  for (const wait of [375, 750]) {
    await world.clock.advance(wait - 1);
    await exchange(world);
    expect(contents(world)).toEqual([]);
    await world.clock.advance(1);
    await exchange(world);
  }
  expect(contents(world)).toEqual(["hello"]);
});

test("a refusal fails the message alone; it can be sent again", async () => {
  const world = newWorld();
  await enter(world);
  world.server.refusals = [{ code: "MESSAGE_TOO_LONG" }];
  const refused = world.client.send(roomId, "long");
  const next = world.client.send(roomId, "short");
  const error = refused.acked.catch((reason: unknown) => reason);
  await exchange(world);
  expect(await error).toBeInstanceOf(ApiError);
  expect(await error).toMatchObject({ code: "MESSAGE_TOO_LONG" });
  expect((await next.acked).seq).toBe(1);
  expect(pending(world)).toMatchObject([{ status: "failed", error: { code: "MESSAGE_TOO_LONG" } }]);
  world.client.retry(refused.tempId);
  await exchange(world);
  expect(contents(world)).toEqual(["short", "long"]);
});

test("what the server would take as a breach of the protocol never leaves", async () => {
  const world = newWorld();
  await enter(world);
  const outcomes = ["bell\u0007", "half a pair \ud83d", "lone\rreturn", "x".repeat(70_000), "喜".repeat(22_000)].map(
    (content) =>
      world.client.send(roomId, content).acked.catch((reason: unknown) => reason instanceof ApiError && reason.code),
  );
  world.client.send(roomId, "two\r\nlines\tand 👋");
  await exchange(world);
  expect(await Promise.all(outcomes)).toEqual([
    "VALIDATION_ERROR",
    "VALIDATION_ERROR",
    "VALIDATION_ERROR",
    "MESSAGE_TOO_LONG",
    "MESSAGE_TOO_LONG",
  ]);
  expect(contents(world)).toEqual(["two\r\nlines\tand 👋"]);
  world.client.retry(pending(world)[0]!.temp_id);
  expect(pending(world).map(({ status }) => status)).toEqual(["failed", "failed", "failed", "failed", "failed"]);
});

test("a failed or waiting message can be discarded, one under way cannot", async () => {
  const world = newWorld();
  await enter(world);
  const first = world.client.send(roomId, "under way");
  const second = world.client.send(roomId, "waiting");
  const discarded = second.acked.catch((reason: unknown) => reason);
  world.client.discard(first.tempId);
  world.client.discard(second.tempId);
  await exchange(world);
  expect(contents(world)).toEqual(["under way"]);
  expect(await discarded).toMatchObject({ code: "DISCARDED" });
});

test("unsent messages outlive a reload", async () => {
  const outbox = shelf();
  const before = newWorld({ outbox });
  await enter(before);
  before.server.refusals = [{ code: "FORBIDDEN" }];
  before.client.send(roomId, "refused");
  await exchange(before);
  before.server.cut();
  before.client.send(roomId, "one");
  before.client.send(roomId, "two");
  before.client.close();
  const after = { ...before, client: newClient(before, { outbox }) };
  await enter(after);
  await exchange(after);
  expect(contents(after)).toEqual(["one", "two"]);
  expect(pending(after)).toMatchObject([{ content: "refused", status: "failed" }]);
  expect([...outbox.kept.values()]).toMatchObject([{ content: "refused" }]);
});

test("signing out forgets what was not sent; another person never sends it", async () => {
  const outbox = shelf();
  const world = newWorld({ outbox });
  await enter(world);
  world.server.cut();
  const lost = world.client.send(roomId, "secret").acked.catch((reason: unknown) => reason);
  await world.client.logout();
  expect(await lost).toMatchObject({ code: "DISCARDED" });
  expect(outbox.kept.size).toBe(0);
  expect(world.client.store.getSnapshot().pending).toEqual({});
});
