import { describe, expect, test } from "bun:test";
import { ParallelLanes } from "../../src/server/platform/db/parallel-lanes.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { postedBatches } from "../support/posted.ts";

/** Two lanes: of jobs whose number is even, and of those whose number is odd. */
function lanesUnderTest({ batchMax = 1_000, waitingMax = 1_000 } = {}) {
  const { commit, posted, batch } = postedBatches();
  let shed = () => {};
  const lanes = new ParallelLanes<string, string>({
    count: 2,
    laneOf: Number,
    commit: (jobs, shedBehind) => {
      shed = shedBehind;
      return commit(jobs);
    },
    batchMax,
    waitingMax,
    metrics: createMetrics(),
  });
  return { lanes, posted, batch, shed: () => shed() };
}

/** `count` jobs of the lane of `first`, e.g. 1, 3, 5. */
const jobsOf = (first: number, count: number) => Array.from({ length: count }, (_, index) => `${first + 2 * index}`);
const stored = (jobs: string[]) => jobs.map((job) => `${job} stored`);

describe("lanes beside each other", () => {
  test("commit few jobs together, one batch after the other", async () => {
    const { lanes, batch, posted } = lanesUnderTest();
    const first = Promise.all(["0", "1", "2"].map((job) => lanes.add(job)));
    expect((await batch(0)).jobs).toEqual(["0", "2", "1"]);
    const second = Promise.all(["3", "4"].map((job) => lanes.add(job)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(posted).toHaveLength(1);
    posted[0]?.commit();
    expect((await batch(1)).jobs).toEqual(["4", "3"]);
    posted[1]?.commit();
    expect(await first).toEqual(stored(["0", "1", "2"]));
    expect(await second).toEqual(stored(["3", "4"]));
  });

  test("commit many jobs side by side, each lane in the order of the calls", async () => {
    const { lanes, batch, posted } = lanesUnderTest();
    const [even, odd] = [jobsOf(0, 70), jobsOf(1, 70)];
    const first = Promise.all([...even, ...odd].map((job) => lanes.add(job)));
    expect((await batch(0)).jobs).toEqual(even);
    expect((await batch(1)).jobs).toEqual(odd);
    const more = jobsOf(141, 64);
    const second = Promise.all(more.map((job) => lanes.add(job)));
    posted[1]?.commit();
    // The even ones are still under way.
    expect((await batch(2)).jobs).toEqual(more);
    posted[0]?.commit();
    posted[2]?.commit();
    expect(await first).toEqual(stored([...even, ...odd]));
    expect(await second).toEqual(stored(more));
  });

  test("let a lane with few jobs have its turn while another has many", async () => {
    const { lanes, batch, posted } = lanesUnderTest();
    const many = Promise.all(jobsOf(0, 200).map((job) => lanes.add(job)));
    await batch(0);
    const few = lanes.add("1");
    const next = Promise.all(jobsOf(400, 200).map((job) => lanes.add(job)));
    posted[0]?.commit();
    await many;
    expect((await batch(1)).jobs).toEqual(jobsOf(400, 200));
    expect((await batch(2)).jobs).toEqual(["1"]);
    posted[2]?.commit();
    expect(await few).toBe("1 stored");
    posted[1]?.commit();
    await next;
  });

  test("refuse a batch that failed, and go on with the next", async () => {
    const { lanes, batch, posted } = lanesUnderTest();
    const bad = lanes.add("0");
    await batch(0);
    const good = lanes.add("1");
    posted[0]?.fail(new Error("the disk is full"));
    await expect(bad).rejects.toThrow("the disk is full");
    (await batch(1)).commit();
    expect(await good).toBe("1 stored");
  });

  test("never hold more in a lane than it may: what comes on top is refused at once", async () => {
    const { lanes, batch } = lanesUnderTest({ waitingMax: 1 });
    const first = lanes.add("0");
    await batch(0);
    const kept = lanes.add("2");
    await expect(lanes.add("4")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(lanes.isFull).toBe(false);
    const other = lanes.add("1");
    expect(lanes.isFull).toBe(true);
    (await batch(0)).commit();
    (await batch(1)).commit();
    expect(await Promise.all([first, kept, other])).toEqual(["0 stored", "2 stored", "1 stored"]);
  });

  test("refuse who waits behind a batch that takes too long, in the lanes that are part of it", async () => {
    const { lanes, batch, posted, shed } = lanesUnderTest();
    const inFlight = lanes.add("0");
    await batch(0);
    const behind = lanes.add("2");
    const beside = lanes.add("1");
    shed();
    await expect(behind).rejects.toMatchObject({ code: "UNAVAILABLE" });
    posted[0]?.commit();
    expect(await inFlight).toBe("0 stored");
    (await batch(1)).commit();
    expect(await beside).toBe("1 stored");
  });

  test("say when they are idle", async () => {
    const { lanes, batch } = lanesUnderTest();
    await lanes.idle();
    const order: string[] = [];
    const outcome = lanes.add("0").then(() => order.push("stored"));
    const idle = lanes.idle().then(() => order.push("idle"));
    (await batch(0)).commit();
    await Promise.all([outcome, idle]);
    expect(order.sort()).toEqual(["idle", "stored"]);
    await lanes.idle();
  });
});
