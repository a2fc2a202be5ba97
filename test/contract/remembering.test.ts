import { describe, expect, test } from "bun:test";
import { Gathered } from "../../src/server/platform/cache/gathered.ts";
import { RecentMap } from "../../src/server/platform/cache/recent-map.ts";
import { Pace } from "../../src/server/platform/pace.ts";
import { nextTurn } from "../../src/server/platform/turn.ts";

describe("a map of what was used lately", () => {
  test("never holds more than it may, and always the half that was used last", () => {
    const forgotten: number[] = [];
    const map = new RecentMap<number, { value: number }>(100, ({ value }) => forgotten.push(value));
    for (let key = 0; key < 1_000; key++) {
      map.set(key, { value: key });
      expect(map.size).toBeLessThanOrEqual(100);
      for (let back = 0; back < Math.min(49, key + 1); back++) expect(map.get(key - back)?.value).toBe(key - back);
      expect(map.get(0)?.value).toBe(0);
    }
    expect(forgotten).not.toContain(0);
    expect(forgotten.length + map.size).toBe(1_000);
  });

  test("has the value that was set last, nothing that was deleted, and forgets what nobody asks for", () => {
    const map = new RecentMap<string, string>(10);
    map.set("a", "old");
    map.forgetUnused();
    map.set("a", "new");
    map.set("b", "b");
    map.forgetUnused();
    expect([map.get("a"), map.size]).toEqual(["new", 2]);
    map.forgetUnused();
    expect([map.get("a"), map.get("b")]).toEqual(["new", undefined]);
    map.delete("a");
    expect([map.get("a"), map.size]).toEqual([undefined, 0]);
  });
});

describe("loads that are gathered", () => {
  test("go together, each key once, and each asker gets its own", async () => {
    const loads: number[][] = [];
    const gathered = new Gathered<number, string>(async (keys) => {
      loads.push(keys);
      return new Map(keys.filter((key) => key !== 3).map((key) => [key, `number ${key}`]));
    });
    const asked = [1, 2, 3, 1].map((key) => gathered.get(key));
    expect(loads).toEqual([]);
    expect(await Promise.all(asked)).toEqual(["number 1", "number 2", undefined, "number 1"]);
    expect(loads).toEqual([[1, 2, 3]]);
  });

  test("read after they were asked for: who asks while one is under way gets another", async () => {
    const loads: (() => void)[] = [];
    let value = "before";
    const gathered = new Gathered<number, string>(async () => {
      const read = value;
      await new Promise<void>((resolve) => loads.push(resolve));
      return new Map([[1, read]]);
    });
    const first = gathered.get(1);
    await nextTurn();
    value = "after";
    const second = gathered.get(1);
    await nextTurn();
    for (const resolve of loads) resolve();
    expect([await first, await second]).toEqual(["before", "after"]);
  });

  test("fail for those alone who were in them", async () => {
    const gathered = new Gathered<number, string>(async (keys) => {
      if (keys.includes(0)) throw new Error("broken");
      return new Map(keys.map((key) => [key, "whole"]));
    });
    const all = Array.from({ length: 120 }, (_, key) => gathered.get(key));
    const outcomes = (await Promise.allSettled(all)).map(({ status }) => status);
    expect(outcomes.filter((status) => status === "rejected")).toHaveLength(50);
    expect(outcomes.at(-1)).toBe("fulfilled");
  });
});

describe("a pace", () => {
  test("lets so many begin in a turn of the event loop, and the others after them in order", async () => {
    const pace = new Pace(3);
    const begun: number[] = [];
    const begin = async (index: number) => {
      await pace.turn();
      begun.push(index);
    };
    const all = Array.from({ length: 8 }, (_, index) => begin(index));
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    await nextTurn();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
    await Promise.all(all);
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(pace.turn()).toBeUndefined();
  });
});
