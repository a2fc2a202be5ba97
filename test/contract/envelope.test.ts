import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFrom, seal, unseal } from "../../src/server/platform/bus/redis/envelope.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { joinBridge } from "../support/bridge.ts";
import { redisLack, sharedRedis } from "../support/redis.ts";

const nodeId = "node-a";
const long = JSON.stringify({ content: "牛肉麵 😀 \\ud800\n" }).repeat(100);

test.each([
  ["one", ["a"]],
  ["an empty one", [""]],
  ["several, with lines in them", ["a\nb", "", "1 node-b 1\nc"]],
  ["long ones, of any script", [long, "", long]],
])("messages come out as they went in: %s", (_, messages) => {
  const text = seal(nodeId, messages);
  expect(unseal(text)).toEqual({ from: nodeId, messages });
  expect(isFrom(nodeId, text)).toBe(true);
  expect(isFrom("node", text)).toBe(false);
});

test("much of the same takes little", () => {
  expect(seal(nodeId, [long, long]).length).toBeLessThan(long.length / 4);
});

test.each([
  ["of a version to come", "9 node-a 1\na"],
  ["without a line", "1 node-a 1"],
  ["without a sender", "1  1\na"],
  ["shorter than it says", "1 node-a 2\na"],
  ["that cannot be unpacked", "2 node-a 2\nYWI="],
])("an envelope %s is refused", (_, text) => {
  expect(() => unseal(text)).toThrow();
});

test("messages come out as they went in, whatever they are", () => {
  const message = fc.string({ unit: "grapheme", maxLength: 4_000, size: "max" });
  fc.assert(
    fc.property(fc.uuid(), fc.array(message, { minLength: 1 }), (from, messages) => {
      expect(unseal(seal(from, messages))).toEqual({ from, messages });
    }),
    { numRuns: 50 },
  );
});

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "over the bridge" : `skipped: ${redisLack}`, () => {
  test("what cannot be read is counted and passed over, and what follows is heard", async () => {
    const redis = await sharedRedis();
    const prefix = `${Bun.randomUUIDv7()}:`;
    const metrics = createMetrics();
    const here = await joinBridge({ url: redis.url, nodeId: "here", prefix, metrics });
    const there = await joinBridge({ url: redis.url, nodeId: "there", prefix });
    const heard = Promise.withResolvers<string>();
    const live = Promise.withResolvers<void>();
    here.subscribe("room", heard.resolve, live.resolve);
    await live.promise;
    await redis.command("PUBLISH", `${prefix}room`, "9 later something else\n");
    there.publish("room", "hello");
    expect(await heard.promise).toBe("hello");
    expect((await metrics.bridgeUnreadable.get()).values[0]?.value).toBe(1);
    await Promise.all([here.close(), there.close()]);
  });
});
