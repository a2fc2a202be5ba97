import { expect, test } from "bun:test";
import { ben, calm, exchange, newWorld, roomId } from "./small-world.ts";

test("a guest follows a public room live, also after a lost connection, and counts nothing as unread", async () => {
  const world = newWorld();
  const { server, client } = world;
  server.room.send(ben, "before");
  const connected = client.connect();
  await exchange(world);
  await connected;
  expect(server.tokens).toEqual([null]);
  const watched = client.watch(roomId);
  void client.timelines.open(roomId);
  await exchange(world);
  expect(await watched).toMatchObject({ id: roomId, my_role: null });
  server.publish(server.room.send(ben, "live").events);
  await exchange(world);
  server.cut();
  server.room.send(ben, "missed");
  await calm(world);
  const state = client.store.getSnapshot();
  expect(state.timelines[roomId]?.messages.map((message) => "content" in message && message.content)).toEqual([
    "before",
    "live",
    "missed",
  ]);
  const unwatched = client.unwatch(roomId);
  await exchange(world);
  await unwatched;
  expect(client.store.getSnapshot().rooms).toEqual({});
});

test("where guests are not wanted, connecting without a session is refused for good", async () => {
  const world = newWorld();
  world.server.guests = false;
  const refused = world.client.connect().catch((error: unknown) => error);
  await calm(world);
  expect(await refused).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(world.client.connection.state.status).toBe("closed");
});
