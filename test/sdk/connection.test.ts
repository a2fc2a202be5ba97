import { expect, spyOn, test } from "bun:test";
import { ApiError, ConnectionError } from "../../src/sdk/errors.ts";
import { calm, enter, exchange, newWorld } from "./small-world.ts";

test("signs in by subprotocol, never in the URL", async () => {
  const urls: string[] = [];
  const world = newWorld();
  const { openSocket } = world.server;
  world.client = newWorld({
    fetch: world.server.fetch,
    clock: world.clock,
    socket: (url, protocols, events) => {
      urls.push(url);
      expect(protocols).toEqual(["parley.v1", "bearer.token-1"]);
      return openSocket(url, protocols, events);
    },
  }).client;
  await enter(world);
  expect(urls).toEqual(["ws://model/ws"]);
  expect(world.client.connection.state).toEqual({ status: "ready", attempt: 0, retryAtMs: null, code: null });
});

test("pings every 30 s, also while frames keep coming, and comes back when nothing answers for 10 s", async () => {
  const world = newWorld();
  const { server, clock, client } = world;
  await enter(world);
  for (let second = 0; second < 65; second++) {
    server.publish(server.room.send(world.server.room.messages[0]?.sender ?? { ...client.me! }, "busy").events);
    await clock.advance(1_000);
    await exchange(world);
  }
  expect(server.processed.filter((type) => type === "ping").length).toBe(2);
  await clock.advance(34_999);
  expect(client.connection.state.status).toBe("ready");
  await clock.advance(1);
  expect(client.connection.state).toMatchObject({ status: "waiting", attempt: 1, code: 1006 });
  await calm(world);
  expect(client.connection.state.status).toBe("ready");
});

test("tries five times quickly and then slowly, until retryNow", async () => {
  const world = newWorld();
  const { server, clock, client } = world;
  await enter(world);
  server.reachable = false;
  server.cut();
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 7; attempt++) {
    const { state } = client.connection;
    expect(state).toMatchObject({ status: "waiting", attempt });
    const wait = (state.retryAtMs ?? 0) - clock.now();
    waits.push(wait);
    await clock.advance(wait);
  }
  expect(waits).toEqual([375, 750, 1_500, 3_000, 6_000, 22_500, 22_500]);
  server.reachable = true;
  client.connection.retryNow();
  await exchange(world);
  expect(client.connection.state.status).toBe("ready");
});

test("a connection that keeps breaking at once is not taken for a good one", async () => {
  const world = newWorld();
  await enter(world);
  for (let attempt = 1; attempt <= 6; attempt++) {
    world.server.cut();
    expect(world.client.connection.state.attempt).toBe(attempt);
    world.client.connection.retryNow();
    await exchange(world);
  }
  await world.clock.advance(10_000);
  world.server.cut();
  expect(world.client.connection.state.attempt).toBe(1);
});

test("a refused upgrade looks like a broken line: the client asks over HTTP, renews its token, and comes back", async () => {
  const world = newWorld();
  const { server, client } = world;
  await enter(world);
  server.tokenIsGood = (token) => token !== "token-1";
  server.cut();
  await calm(world);
  expect(client.connection.state.status).toBe("ready");
  expect(server.tokens).toEqual(["token-1", "token-1", "token-2"]);
  expect(server.requested.slice(-3)).toEqual(["GET /users/me", "POST /auth/refresh", "GET /users/me"]);
});

test("when the session is over it says so, forgets, and does not come back", async () => {
  const world = newWorld();
  const { server, client, clock } = world;
  await enter(world);
  let signedOut = 0;
  client.onSignedOut(() => signedOut++);
  server.tokenIsGood = () => false;
  server.refreshIsGood = false;
  server.cut();
  await calm(world);
  expect(client.connection.state.status).toBe("closed");
  expect(client.me).toBeNull();
  expect(client.store.getSnapshot().rooms).toEqual({});
  expect(signedOut).toBe(1);
  expect(clock.timers).toBe(0);
});

test("connect() rejects when the session turns out to be over", async () => {
  const world = newWorld();
  await world.client.login({ username: "ann", password: "a password" });
  world.server.tokenIsGood = () => false;
  world.server.refreshIsGood = false;
  const refused = world.client.connect().catch((error: unknown) => error);
  await calm(world);
  expect(await refused).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(await refused).toBeInstanceOf(ApiError);
});

test("4002 renews the token before coming back", async () => {
  const world = newWorld();
  await enter(world);
  world.server.tokenIsGood = (token) => token !== "token-1";
  world.server.cut(4002);
  await calm(world);
  expect(world.client.connection.state.status).toBe("ready");
  expect(world.server.tokens).toEqual(["token-1", "token-2"]);
});

test("4001 ends the session", async () => {
  const world = newWorld();
  await enter(world);
  world.server.cut(4001);
  await calm(world);
  expect(world.client.me).toBeNull();
  expect(world.client.connection.state.status).toBe("closed");
});

test("4009 stays away until somebody asks, with everything still readable", async () => {
  const world = newWorld();
  const { client, clock } = world;
  await enter(world);
  world.server.cut(4009);
  await clock.advance(600_000);
  expect(client.connection.state).toEqual({ status: "closed", attempt: 0, retryAtMs: null, code: 4009 });
  expect(Object.keys(client.store.getSnapshot().rooms)).toEqual(["room"]);
  client.connection.retryNow();
  await exchange(world);
  expect(client.connection.state.status).toBe("ready");
});

test("a server that restarts names the time to come back", async () => {
  const world = newWorld();
  const { server, client, clock } = world;
  await enter(world);
  server.publish([{ type: "server_shutdown", payload: { reconnect_after_ms: 4_000 } }]);
  await exchange(world);
  server.cut(1012);
  expect((client.connection.state.retryAtMs ?? 0) - clock.now()).toBe(4_375);
});

test("gives the socket a fresh token before the old one ends", async () => {
  const world = newWorld();
  const { server, client, clock } = world;
  server.expiresAt = new Date(clock.now() + 25_000).toISOString();
  await client.login({ username: "ann", password: "a password" });
  server.expiresAt = new Date(clock.now() + 86_400_000).toISOString();
  const connected = client.connect();
  await exchange(world);
  await connected;
  // The token was too short-lived to connect with and was renewed for that; the socket's own ends in a day.
  expect(server.tokens).toEqual(["token-2"]);
  for (let minute = 0; minute < 1_440; minute++) {
    for (const half of [30_000, 30_000]) {
      await clock.advance(half);
      server.process();
      server.deliver();
    }
  }
  expect(server.processed).toContain("authenticate");
  expect(server.tokens).toEqual(["token-2"]);
  expect(client.connection.state.status).toBe("ready");
});

test("requests that the connection took with it are told so", async () => {
  const world = newWorld();
  await enter(world);
  const pong = world.client.connection.request("ping", {}).catch((error: unknown) => error);
  world.server.cut();
  expect(await pong).toBeInstanceOf(ConnectionError);
  const nothing = world.client.connection.request("ping", {}).catch((error: unknown) => error);
  expect(await nothing).toBeInstanceOf(ConnectionError);
});

test("a handler that throws does not hurt the connection, nor the handlers beside it", async () => {
  const world = newWorld();
  await enter(world);
  const reported = spyOn(globalThis, "reportError").mockImplementation(() => {});
  const heard: string[] = [];
  world.client.on("new_message", () => {
    throw new Error("mine");
  });
  world.client.on("new_message", (message) => "content" in message && heard.push(message.content));
  world.server.publish(world.server.room.send(world.client.me!, "hello").events);
  await exchange(world);
  expect(heard).toEqual(["hello"]);
  expect(world.client.connection.state.status).toBe("ready");
  expect(reported).toHaveBeenCalledTimes(1);
  reported.mockRestore();
});
