import { describe, expect, test } from "bun:test";
import { Lock } from "../../src/server/platform/db/lock.ts";
import { WriteLane } from "../../src/server/platform/db/write-lane.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { postedBatches } from "../support/posted.ts";

/** A lane whose database answers when the test says so. */
function laneUnderTest({ batchMax = 100, waitingMax = 100 } = {}) {
  const { commit, posted, batch } = postedBatches();
  const lock = new Lock();
  const lane = new WriteLane<string, string>({ commit, lock, batchMax, waitingMax, metrics: createMetrics() });
  return { lane, lock, posted, batch };
}

describe("the write lane", () => {
  test("commits what arrives in one turn of the event loop together, in order", async () => {
    const { lane, batch } = laneUnderTest();
    const outcomes = Promise.all(["a", "b", "c"].map((job) => lane.add(job)));
    const first = await batch(0);
    expect(first.jobs).toEqual(["a", "b", "c"]);
    first.commit();
    expect(await outcomes).toEqual(["a stored", "b stored", "c stored"]);
  });

  test("collects what arrives during a commit for the next one", async () => {
    const { lane, batch, posted } = laneUnderTest();
    const first = lane.add("a");
    await batch(0);
    const others = ["b", "c", "d"].map((job) => lane.add(job));
    expect(posted).toHaveLength(1);
    posted[0]?.commit();
    expect((await batch(1)).jobs).toEqual(["b", "c", "d"]);
    posted[1]?.commit();
    expect(await Promise.all([first, ...others])).toEqual(["a stored", "b stored", "c stored", "d stored"]);
  });

  test("hands the next batch over before it gives out the outcomes of the last", async () => {
    const { lane, batch, posted } = laneUnderTest();
    const order: string[] = [];
    const first = lane.add("a").then(() => order.push(`a with ${posted.length} batches posted`));
    await batch(0);
    const second = lane.add("b");
    posted[0]?.commit();
    await first;
    expect(order).toEqual(["a with 2 batches posted"]);
    posted[1]?.commit();
    await second;
  });

  test("resolves in the order of the calls", async () => {
    const { lane, batch } = laneUnderTest({ batchMax: 2 });
    const order: string[] = [];
    const all = ["a", "b", "c", "d", "e"].map((job) => lane.add(job).then(() => order.push(job)));
    for (let index = 0; index < 3; index++) (await batch(index)).commit();
    await Promise.all(all);
    expect(order).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("lets a writer who waits for the lock in between two batches", async () => {
    const { lane, lock, batch, posted } = laneUnderTest();
    const first = lane.add("a");
    await batch(0);
    const second = lane.add("b");
    const verb = lock.run(async () => posted.length);
    posted[0]?.commit();
    await first;
    expect(await verb).toBe(1);
    (await batch(1)).commit();
    await second;
  });

  test("holds the lock while a batch is in flight, and lets go of it after the last", async () => {
    const { lane, lock, batch } = laneUnderTest();
    let entered = false;
    const outcome = lane.add("a");
    const first = await batch(0);
    const verb = lock.run(async () => {
      entered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    first.commit();
    await Promise.all([outcome, verb]);
    expect(entered).toBe(true);
  });

  test("refuses a batch that failed, and goes on with the next", async () => {
    const { lane, batch } = laneUnderTest({ batchMax: 1 });
    const [bad, good] = [lane.add("bad"), lane.add("good")];
    const refused = bad.then(
      () => "stored",
      (error: Error) => error.message,
    );
    (await batch(0)).fail(new Error("the disk is full"));
    (await batch(1)).commit();
    expect(await refused).toBe("the disk is full");
    expect(await good).toBe("good stored");
  });

  test("never holds more than it may: what comes on top is refused at once", async () => {
    const { lane, batch } = laneUnderTest({ waitingMax: 2 });
    const first = lane.add("a");
    await batch(0);
    const kept = [lane.add("b"), lane.add("c")];
    await expect(lane.add("d")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    (await batch(0)).commit();
    (await batch(1)).commit();
    expect(await Promise.all([first, ...kept])).toEqual(["a stored", "b stored", "c stored"]);
  });

  test("refuses what waits and all that comes once the database behind it is gone", async () => {
    const { lane, batch } = laneUnderTest();
    const inFlight = lane.add("a");
    const first = await batch(0);
    const waiting = lane.add("b").then(
      () => "stored",
      (error: unknown) => error,
    );
    lane.fail(new Error("the worker died"));
    expect(await waiting).toMatchObject({ code: "UNAVAILABLE" });
    await expect(lane.add("c")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    first.fail(new Error("the worker died"));
    await expect(inFlight).rejects.toThrow("the worker died");
  });

  test("says when it is idle", async () => {
    const { lane, batch } = laneUnderTest();
    await lane.idle();
    const order: string[] = [];
    const outcome = lane.add("a").then(() => order.push("stored"));
    const idle = lane.idle().then(() => order.push("idle"));
    (await batch(0)).commit();
    await Promise.all([outcome, idle]);
    expect(order.sort()).toEqual(["idle", "stored"]);
    await lane.idle();
  });
});
