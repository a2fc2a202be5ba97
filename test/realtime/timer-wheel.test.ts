import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Timed, TimerWheel } from "../../src/server/realtime/timer-wheel.ts";
import { ManualClock } from "../support/clock.ts";

class Item implements Timed {
  slot: number | undefined;
  place = 0;

  constructor(readonly name: string) {}
}

function rig(next: (item: string) => number | undefined = () => undefined) {
  const clock = new ManualClock();
  const looked: string[] = [];
  const wheel: TimerWheel<Item> = new TimerWheel(clock, (item) => {
    looked.push(`${item.name} ${wheel.now}`);
    return next(item.name);
  });
  return { clock, wheel, looked };
}

describe("a deadline on the wheel", () => {
  test("is looked at a second late at most, and never early", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 61 }), fc.integer({ min: 0, max: 3_999 }), (seconds, offsetMs) => {
        const { clock, wheel, looked } = rig();
        clock.advance(offsetMs);
        wheel.set(new Item("it"), seconds);
        clock.advance(seconds * 1_000);
        // On the very second it may have come; a moment before it never.
        if (offsetMs % 1_000 !== 0 || seconds === 0) expect(looked).toEqual([]);
        clock.advance(2_000);
        expect(looked).toHaveLength(1);
      }),
    );
  });

  test("further away than a turn is looked at once a turn", () => {
    let left = 200;
    const { clock, wheel, looked } = rig(() => {
      left -= 63;
      return left > 0 ? left : undefined;
    });
    wheel.set(new Item("it"), left);
    clock.advance(600_000);
    expect(looked).toHaveLength(4);
  });

  test("that is set again counts from then, and one that is deleted never comes", () => {
    const { clock, wheel, looked } = rig();
    const [gone, moved, stays] = [new Item("gone"), new Item("moved"), new Item("stays")];
    for (const item of [gone, moved, stays]) wheel.set(item, 5);
    clock.advance(4_000);
    wheel.set(moved, 5);
    wheel.delete(gone);
    wheel.delete(gone);
    clock.advance(4_000);
    expect(looked).toEqual(["stays 6"]);
    clock.advance(2_000);
    expect(looked).toEqual(["stays 6", "moved 10"]);
  });

  test("does not care about the time of day", () => {
    const { clock, wheel, looked } = rig();
    wheel.set(new Item("it"), 30);
    clock.jump(3_600_000);
    clock.advance(29_000);
    clock.jump(-7_200_000);
    expect(looked).toEqual([]);
    clock.advance(2_000);
    expect(looked).toHaveLength(1);
  });

  test("is forgotten by a wheel that was stopped", () => {
    const { clock, wheel, looked } = rig();
    wheel.set(new Item("it"), 1);
    wheel.stop();
    clock.advance(10_000);
    expect(looked).toEqual([]);
  });
});
