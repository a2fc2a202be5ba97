import { describe, expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import { until } from "../support/deferred.ts";
import { giveBackMemory, watchIdleness } from "../../src/server/platform/spare-memory.ts";

const compiled = () => heapStats().objectTypeCounts["FunctionCodeBlock"] ?? 0;

/** Each has run, and so was compiled. */
function compileMany(): ((number: number) => unknown)[] {
  return Array.from({ length: 500 }, (_, index) => {
    const add = new Function("number", `return number + ${index};`);
    const run = (number: number): unknown => add(number);
    run(0);
    return run;
  });
}

describe("memory that is not needed for now", () => {
  test("is given back with the compiled code by who is idle, and what runs next is compiled anew", async () => {
    const functions = compileMany();
    const before = compiled();
    giveBackMemory({ isIdle: true });
    await until(() => compiled() < before - functions.length / 2, "that the code is gone");
    expect(functions.map((add) => add(1))).toEqual(functions.map((_, index) => index + 1));
  });

  test("is given back without the code by who has to go on", async () => {
    const functions = compileMany();
    // Nothing of before is in the count.
    Bun.gc(true);
    const before = compiled();
    let held: WeakRef<object> | undefined;
    (() => (held = new WeakRef({ bytes: new Uint8Array(1_000_000) })))();
    await until(() => {
      giveBackMemory({ isIdle: false });
      return held?.deref() === undefined;
    }, "that the object is gone");
    expect(compiled()).toBeGreaterThan(before - functions.length / 2);
  });
});

describe("a thread", () => {
  test("is idle when it has worked less than a tenth of the time", () => {
    let reading = { workedUs: 5_000_000, atUs: 60_000_000 };
    const isIdle = watchIdleness(() => reading);
    reading = { workedUs: 5_199_999, atUs: 62_000_000 };
    expect(isIdle()).toBe(true);
    reading = { workedUs: 5_200_000, atUs: 62_000_000 };
    expect(isIdle()).toBe(false);
  });
});
