import { describe, expect, test } from "bun:test";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { joinBridge } from "../support/bridge.ts";
import { redisLack, sharedRedis } from "../support/redis.ts";
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
