import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test";
import type { RedisBus } from "../../src/server/platform/bus/redis/redis-bus.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { joinBridge, reaches, says } from "../support/bridge.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { until } from "../support/deferred.ts";
import { redisLack, TestRedis } from "../support/redis.ts";

/** Resolves when `bus` hears what `from` says on this channel, however often it has to be said. */
async function hears(bus: RedisBus, from: RedisBus, channel: string): Promise<void> {
  const word = Bun.randomUUIDv7();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = bus.subscribe(channel, (message) => {
    if (message === word) resolve();
  });
  const timer = setInterval(() => from.publish(channel, word), 20);
  await promise;
  clearInterval(timer);
  end();
}

/** As the bus of a server, but that its seconds are shorter. */
const join = (options: Parameters<typeof joinBridge>[0]) => joinBridge({ everyMs: 150, ...options });

const title = redisLack === undefined ? "the bridge" : `the bridge (skipped: ${redisLack})`;

describe.skipIf(redisLack !== undefined)(title, () => {
  let redis: TestRedis;
  let one: RedisBus;
  let two: RedisBus;
  let count = 0;

  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    const prefix = `faults:${++count}:`;
    [one, two] = await Promise.all(
      ["one", "two"].map((nodeId) => join({ url: redis.url, nodeId, prefix })) as [
        Promise<RedisBus>,
        Promise<RedisBus>,
      ],
    );
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
  });
  afterEach(() => Promise.all([one.close(), two.close()]));

  test("whose server is killed is away at once, and back with every channel soon after the server is", async () => {
    for (let room = 0; room < 1_200; room++) two.subscribe(`room:${room}`, () => {});
    await hears(two, one, "room:1199");
    await Promise.all([redis.kill(), says(one, "away"), says(two, "away")]);
    one.publish("room:7", "nobody hears this, and it does no harm");
    expect(await one.shared.run({ name: "test", lua: "return 1" }, [], [])).toBeUndefined();
    await Promise.all([redis.restart(), says(one, "connected"), says(two, "connected")]);
    await hears(two, one, "room:7");
  });

  test("whose server is frozen is away within seconds, without anybody having waited for it", async () => {
    redis.freeze();
    try {
      const answer = one.shared.run({ name: "test", lua: "return 1" }, [], []);
      for (let message = 0; message < 10_000; message++) one.publish("room", "x".repeat(5_000));
      expect(await answer).toBeUndefined();
      await Promise.all([reaches(one, "away"), reaches(two, "away")]);
    } finally {
      redis.thaw();
    }
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
    await hears(two, one, "room");
  });

  test("whose server hesitates is silent and nothing else; whose server goes on to say nothing is silent before it is away", async () => {
    const told: string[] = [];
    one.onState((state) => told.push(state));
    const silence = () => new Promise<void>((resolve) => one.onSilence(resolve));
    const heardAgain = () => until(() => !one.isSilent, "the end of the silence");
    try {
      redis.freeze();
      await silence();
      expect([one.isSilent, one.state]).toEqual([true, "connected"]);
      redis.thaw();
      await heardAgain();
      await hears(two, one, "room");
      expect(told).not.toContain("away");
      redis.freeze();
      await silence();
      await says(one, "away");
      expect(one.isSilent).toBe(false);
    } finally {
      redis.thaw();
    }
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
  });

  test("names the channels of what may have reached nobody", async () => {
    const channels: string[] = [];
    one.onDropped((channel) => channels.push(channel));
    one.publish("user:carried", "x");
    await one.carried();
    expect(one.carried()).toBeUndefined();
    redis.freeze();
    try {
      one.publish("user:on its way", "x");
      const carried = one.carried();
      expect(carried).toBeInstanceOf(Promise);
      await says(one, "away");
      // Nobody waits for what is given up.
      await carried;
      one.publish("user:too late", "x");
    } finally {
      redis.thaw();
    }
    await until(() => channels.includes("user:on its way"), "what was on its way");
    expect(channels).toContain("user:too late");
    expect(channels).not.toContain("user:carried");
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
  });

  test("of which only the listening connection is killed is made anew whole", async () => {
    const lost = says(two, "away");
    await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    await lost;
    await reaches(two, "connected");
    await hears(two, one, "room");
  });

  test("of which only the sending connection is killed does not go on to be heard over the other one beside the next", async () => {
    const heard: string[] = [];
    two.subscribe("room", (message) => heard.push(message));
    const lost = says(two, "away");
    await redis.command("CLIENT", "KILL", "TYPE", "normal");
    await lost;
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
    await hears(two, one, "another room");
    one.publish("room", "once");
    await hears(two, one, "another room");
    expect(heard).toEqual(["once"]);
  });

  test("of which one node was cut off for a moment: the others are told that they may have missed something", async () => {
    const proxy = await ChaosProxy.before(redis.url.replace("redis:", "http:"));
    const prefix = "moment:";
    const far = await join({ url: proxy.url.replace("http:", "redis:"), nodeId: "far", prefix });
    const near = await joinBridge({ url: redis.url, nodeId: "near", prefix });
    try {
      await Promise.all([reaches(far, "connected"), reaches(near, "connected")]);
      const [cut, told] = [says(far, "away"), says(near, "connected")];
      proxy.cut();
      await cut;
      far.publish("room", "this reaches nobody");
      proxy.restore();
      await told;
      expect(near.state).toBe("connected");
    } finally {
      await Promise.all([far.close(), near.close()]);
      await proxy.stop();
    }
  });

  test("whose server puts out a listener that falls behind has it back, and says so", async () => {
    await redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 1mb 1");
    const proxy = await ChaosProxy.before(redis.url.replace("redis:", "http:"));
    const slow = await join({ url: proxy.url.replace("http:", "redis:"), nodeId: "slow", prefix: "slow:" });
    const busy = await join({ url: redis.url, nodeId: "busy", prefix: "slow:" });
    try {
      await reaches(slow, "connected");
      await hears(slow, busy, "room");
      slow.subscribe("room", () => {});
      const away = says(slow, "away");
      proxy.stopReading();
      const timer = setInterval(() => busy.publish("room", "x".repeat(500_000)), 5);
      await away;
      clearInterval(timer);
      proxy.restore();
      await reaches(slow, "connected");
      await hears(slow, busy, "room");
      expect(busy.state).toBe("connected");
    } finally {
      await Promise.all([slow.close(), busy.close()]);
      await proxy.stop();
      await redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60");
    }
  });

  test("whose server was made a replica is left until it is a primary again: nodes may be on either side of it", async () => {
    const elsewhere = says(one, "away");
    await redis.command("CONFIG", "SET", "replica-serve-stale-data", "yes");
    await redis.command("REPLICAOF", "127.0.0.1", "1");
    await elsewhere;
    await redis.command("REPLICAOF", "NO", "ONE");
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
    await hears(two, one, "room");
  });

  test("whose cable is pulled is away within seconds, and back when it is put in again", async () => {
    const proxy = await ChaosProxy.before(redis.url.replace("redis:", "http:"));
    const url = proxy.url.replace("http:", "redis:");
    const far = await join({ url, nodeId: "far", prefix: `faults:${count}:` });
    try {
      await reaches(far, "connected");
      proxy.silence();
      await says(far, "away");
      proxy.restore();
      await reaches(far, "connected");
      await hears(far, one, "room");
    } finally {
      await far.close();
      await proxy.stop();
    }
  });

  test("tells the others that they may have missed something when a node falls silent without a farewell", async () => {
    const proxy = await ChaosProxy.before(redis.url.replace("redis:", "http:"));
    const metrics = createMetrics();
    const url = proxy.url.replace("http:", "redis:");
    const prefix = "silent:";
    const far = await join({ url, nodeId: "far", prefix });
    const near = await join({ url: redis.url, nodeId: "near", prefix, metrics });
    try {
      await Promise.all([reaches(far, "connected"), reaches(near, "connected")]);
      proxy.silence();
      await says(near, "connected");
      expect(near.state).toBe("connected");
      const { values } = await metrics.bridgeNodes.get();
      expect(values).toContainEqual({ labels: { state: "silent" }, value: 1 });
      proxy.restore();
      await reaches(far, "connected");
      await hears(near, far, "room");
    } finally {
      await Promise.all([far.close(), near.close()]);
      await proxy.stop();
    }
  });
});
