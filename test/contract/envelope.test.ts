import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFrom, seal, unseal } from "../../src/server/platform/bus/redis/envelope.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { joinBridge } from "../support/bridge.ts";
import { redisLack, sharedRedis } from "../support/redis.ts";

test("an envelope gives back what went into it, whatever that is", () => {
  const message = fc.oneof(fc.string({ unit: "binary" }), fc.constant(""), fc.constant("1 one 3\nabc"));
  fc.assert(
    fc.property(fc.uuid(), fc.array(message, { minLength: 1 }), (from, messages) => {
      const sealed = seal(from, messages);
      expect(unseal(sealed)).toEqual({ from, messages });
      expect(isFrom(from, sealed)).toBe(true);
      expect(isFrom(from.slice(0, -1), sealed)).toBe(false);
    }),
  );
});

test.each(["", "hello", "2 one 3\nabc", "1 one 4\nabc", "1 one 2\nabc", "1 one x\nabc", "1  3\nabc", "1 one\nabc"])(
  "%j is no envelope of this version",
  (text) => expect(() => unseal(text)).toThrow(/an envelope/),
);

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "over the bridge" : `skipped: ${redisLack}`, () => {
  test("what cannot be read is counted and passed over, and what follows is heard", async () => {
    const { url } = await sharedRedis();
    const prefix = `${Bun.randomUUIDv7()}:`;
    const metrics = createMetrics();
    const here = await joinBridge({ url, nodeId: "here", prefix, metrics });
    const there = await joinBridge({ url, nodeId: "there", prefix });
    const heard = Promise.withResolvers<string>();
    const live = Promise.withResolvers<void>();
    here.subscribe("room", heard.resolve, live.resolve);
    await live.promise;
    const redis = await sharedRedis();
    await redis.command("PUBLISH", `${prefix}room`, "9 later something else\n");
    there.publish("room", "hello");
    expect(await heard.promise).toBe("hello");
    expect((await metrics.bridgeUnreadable.get()).values[0]?.value).toBe(1);
    await Promise.all([here.close(), there.close()]);
  });
});
