import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/server/platform/clock.ts";
import type { RedisBus } from "../../src/server/platform/bus/redis/redis-bus.ts";
import { Limits, type Rate } from "../../src/server/platform/limits/limits.ts";
import { Guests } from "../../src/server/realtime/guests.ts";
import { Tally } from "../../src/server/realtime/tally.ts";
import { joinBridge, reaches } from "../support/bridge.ts";
import { ManualClock } from "../support/clock.ts";
import { redisLack, TestRedis } from "../support/redis.ts";

const ten: Rate = { perSecond: 10 / 3_600, burst: 10 };

describe("in one process", () => {
  test("so many at once, then as many as time gives; what did not count is given back", async () => {
    const clock = new ManualClock();
    const limits = new Limits(clock, true);
    for (let count = 0; count < 10; count++) expect(await limits.takeOfAll("test", "ann", ten)).toBe(0);
    expect(limits.take("test", "ann", ten)).toBe(360_000);
    expect(await limits.peekOfAll("test", "ben", ten)).toBe(0);
    await limits.giveBackToAll("test", "ann", ten);
    expect(limits.take("test", "ann", ten)).toBe(0);
    clock.advance(360_000);
    expect(limits.take("test", "ann", ten)).toBe(0);
    expect(limits.peek("test", "ann", ten)).toBe(360_000);
  });

  test("lets everything through where limits are off", () => {
    const limits = new Limits(systemClock, false);
    for (let count = 0; count < 100; count++) limits.demand("test", "ann", ten);
  });
});

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "over Redis" : `skipped: ${redisLack}`, () => {
  let redis: TestRedis;
  let nodes: { bus: RedisBus; limits: Limits }[];
  const clock = new ManualClock();
  let stops: (() => void)[];

  beforeAll(async () => {
    redis = await TestRedis.start();
    const buses = await Promise.all(
      ["one", "two", "three"].map((name) => joinBridge({ url: redis.url, nodeId: name, prefix: "limits:" })),
    );
    await Promise.all(buses.map((bus) => reaches(bus, "connected")));
    nodes = buses.map((bus) => ({ bus, limits: new Limits(clock, true, bus.shared, () => buses.length) }));
    stops = nodes.map(({ limits }) => limits.start());
  });
  afterAll(async () => {
    for (const stop of stops) stop();
    await Promise.all(nodes.map(({ bus }) => bus.close()));
    await redis.stop();
  });

  const each = <T>(work: (limits: Limits, index: number) => T): T[] =>
    nodes.map(({ limits }, index) => work(limits, index));

  /** Answers come in the order of the questions: what was asked before is settled. */
  const fence = () => Promise.all(each((limits) => limits.peekOfAll("fence", "", ten)));

  test("what is taken on all nodes at once is no more than one bucket holds", async () => {
    const asked = Array.from({ length: 10 }, () => each((limits) => limits.takeOfAll("at once", "ann", ten)));
    const waits = await Promise.all(asked.flat());
    expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
    expect(Math.max(...waits)).toBeGreaterThan(300_000);
    expect(await Promise.all(each((limits) => limits.takeOfAll("at once", "ben", ten)))).toEqual([0, 0, 0]);
    // Whoever was refused is refused without the bridge.
    for (const wait of each((limits) => limits.peek("at once", "ann", ten))) expect(wait).toBeGreaterThan(0);
  });

  test("what did not count is given back to all", async () => {
    const [one, two] = [nodes[0]?.limits, nodes[1]?.limits];
    if (!one || !two) throw new Error("there are no nodes");
    const once: Rate = { perSecond: 1 / 3_600, burst: 1 };
    expect(await one.takeOfAll("back", "ann", once)).toBe(0);
    expect(await two.peekOfAll("back", "ben", once)).toBe(0);
    await one.giveBackToAll("back", "ann", once);
    expect(await two.takeOfAll("back", "ann", once)).toBe(0);
    expect(await one.peekOfAll("back", "ann", once)).toBeGreaterThan(0);
  });

  test("what must not wait for the bridge is settled afterwards: over time no more than one bucket gives", async () => {
    const rate: Rate = { perSecond: 10, burst: 20, isSettled: true };
    let taken = 0;
    const takeAll = () => {
      for (const { limits } of nodes) while (limits.take("messages", "ann", rate) === 0) taken++;
    };
    takeAll();
    expect(taken).toBe(60);
    // Of 60 there were 20. The rest is owed, as each learns when what it gave is settled: in ten seconds they would give
    // 300 more, one of them 100.
    for (let second = 1; second <= 10; second++) {
      clock.advance(1_000);
      await fence();
      takeAll();
    }
    expect(taken).toBeLessThanOrEqual(60 + 100);
    // Who writes a little is not asked about.
    const [one] = nodes;
    one?.limits.take("messages", "ben", rate);
    clock.advance(1_000);
    await fence();
    expect(await redis.command("KEYS", "limits:limit:messages:*").then((keys) => keys.split("\n").length)).toBe(1);
  });

  test("of many nodes each lets less pass uncounted, so that all together do not let more pass than is allowed", async () => {
    const crowd = nodes
      .flatMap(({ bus }) => [bus, bus, bus, bus])
      .map((bus) => new Limits(clock, true, bus.shared, () => 12));
    const stops = crowd.map((limits) => limits.start());
    const rate: Rate = { perSecond: 12, burst: 12, isSettled: true };
    // Each node alone knows of less than a quarter of what is allowed.
    const takeTwo = () =>
      crowd.filter((limits) => limits.take("crowd", "ann", rate) + limits.take("crowd", "ann", rate) === 0);
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000);
      await fence();
      takeTwo();
    }
    expect(takeTwo().length).toBeLessThan(crowd.length);
    for (const stop of stops) stop();
  });

  test("guests of one address are counted on all nodes together, and forgotten with a node that tells of none", async () => {
    const guests = nodes.map(({ bus }) => {
      const here = new Tally();
      return { here, guests: new Guests(bus, here) };
    });
    const come = async (node: (typeof guests)[number], count: number) => {
      let letIn = 0;
      for (; count > 0; count--) {
        if (!(await node.guests.mayCome("192.0.2.1"))) continue;
        node.here.add("192.0.2.1");
        letIn++;
      }
      return letIn;
    };
    const [one, two, three] = guests;
    if (!one || !two || !three) throw new Error("there are no nodes");
    expect(await come(one, 30)).toBe(30);
    expect(await come(two, 30)).toBe(20);
    // Of those that are too few to be told.
    expect(await come(three, 30)).toBe(4);
    expect(await three.guests.mayCome("192.0.2.2")).toBe(true);
    while (one.here.of("192.0.2.1") > 5) one.here.remove("192.0.2.1");
    await one.guests.tell();
    expect(await come(two, 30)).toBe(50 - 5 - 4 - 20);
  });

  test("without the bridge each node goes on by itself, and forgets nothing when it is back", async () => {
    const first = each((limits) => limits.takeOfAll("away", "ann", ten));
    expect(await Promise.all(first)).toEqual([0, 0, 0]);
    await redis.kill();
    await Promise.all(nodes.map(({ bus }) => reaches(bus, "away")));
    const more = Array.from({ length: 12 }, () => each((limits) => limits.takeOfAll("away", "ann", ten)));
    const passed = (await Promise.all(more.flat())).filter((wait) => wait === 0);
    // Of its ten each has taken one, and knows of those that the others had taken before it.
    expect(passed.length).toBeGreaterThanOrEqual(21);
    expect(passed.length).toBeLessThanOrEqual(27);
    await redis.restart();
    await Promise.all(nodes.map(({ bus }) => reaches(bus, "connected")));
    for (const wait of await Promise.all(each((limits) => limits.takeOfAll("away", "ann", ten)))) {
      expect(wait).toBeGreaterThan(0);
    }
  });
});
