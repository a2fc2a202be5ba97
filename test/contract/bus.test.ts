import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { joinBridge, reaches, says } from "../support/bridge.ts";
import { redisLack, sharedRedis } from "../support/redis.ts";
import { TestRedisCluster } from "../support/redis-cluster.ts";
import { holdsTheBusContract } from "./bus.ts";

holdsTheBusContract("inside one process", async () => {
  const broker = new LocalBroker();
  return { join: async (nodeId) => broker.join(nodeId), stop: async () => {} };
});

test("inside one process, a node without others is alone, and again when they have gone", async () => {
  const broker = new LocalBroker();
  const one = broker.join("one");
  expect(one.isAlone).toBe(true);
  const two = broker.join("two");
  expect(one.isAlone).toBe(false);
  await two.close();
  expect(one.isAlone).toBe(true);
});

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "over Redis" : `skipped: ${redisLack}`, () => {
  holdsTheBusContract("over Redis", async () => {
    const { url } = await sharedRedis();
    const prefix = `contract:${Bun.randomUUIDv7()}:`;
    return { join: (nodeId) => joinBridge({ url, nodeId, prefix }), stop: async () => {} };
  });
});

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "over a cluster" : `skipped: ${redisLack}`, () => {
  let cluster: TestRedisCluster;
  beforeAll(async () => {
    cluster = await TestRedisCluster.start();
  });
  afterAll(() => cluster.stop());

  holdsTheBusContract("over the members of a Redis cluster", async () => {
    const prefix = `contract:${Bun.randomUUIDv7()}:`;
    const join = (nodeId: string) => joinBridge({ url: cluster.url, nodeId, prefix, isSharded: true });
    return { join, stop: async () => {} };
  });

  test("keeps what nodes share, by scripts over several keys", async () => {
    const bus = await joinBridge({ url: cluster.url, nodeId: "one", prefix: "shared:", isSharded: true });
    const lua =
      "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[2]) return redis.call('GET', KEYS[1])";
    expect(await bus.shared.run({ name: "test", lua }, ["a", "b"], ["牛肉麵", 2])).toBe("牛肉麵");
    await bus.close();
  });

  test("is refused where it was not asked for, and asked for where there is none", async () => {
    const plain = joinBridge({ url: cluster.url, nodeId: "one", prefix: "plain:" });
    await expect(plain).rejects.toThrow("REDIS_URL leads to a cluster: set REDIS_SHARDED=on");
    const { url } = await sharedRedis();
    const sharded = joinBridge({ url, nodeId: "one", prefix: "plain:", isSharded: true });
    await expect(sharded).rejects.toThrow("REDIS_URL leads to a server that is no cluster: set REDIS_SHARDED=off");
  });

  test("goes on over the members there are when one of them had ended", async () => {
    const [one, two] = await Promise.all(
      ["one", "two"].map((nodeId) => joinBridge({ url: cluster.url, nodeId, prefix: "ended:", isSharded: true })),
    );
    if (!one || !two) throw new Error("there are two nodes");
    const rooms = Array.from({ length: 40 }, (_, room) => `room:${room}`);
    const lost = Promise.all([says(one, "away"), says(two, "away")]);
    const [, second] = cluster.members;
    await second?.kill();
    await lost;
    await second?.restart();
    await Promise.all([reaches(one, "connected"), reaches(two, "connected")]);
    const heard = rooms.map((room) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      two.subscribe(room, resolve, () => one.publish(room, room));
      return promise;
    });
    expect(await Promise.all(heard)).toEqual(rooms);
    await Promise.all([one.close(), two.close()]);
  });
});
