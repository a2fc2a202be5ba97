import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RevOrder } from "../../src/server/realtime/rev-order.ts";

/** The order under test, with a clock and a turn of the event loop that are moved by hand. */
function rig() {
  const released: string[] = [];
  const late: string[] = [];
  const timers = new Set<() => void>();
  const steps: (() => void)[] = [];
  const order = new RevOrder<string>({
    clock: {
      after: (_ms, task) => {
        timers.add(task);
        return () => void timers.delete(task);
      },
    },
    inTurn: (step) => void steps.push(step),
    early: () => {},
    late: (_roomId, _rev, frame) => void late.push(frame),
    release: (_roomId, _rev, frame) => void (frame !== "" && released.push(frame)),
  });
  const turn = () => {
    while (steps.length > 0) for (const step of steps.splice(0)) step();
  };
  const wait = () => {
    const due = [...timers];
    timers.clear();
    for (const task of due) task();
    turn();
  };
  return { order, released, late, turn, wait, timers };
}

describe("the events of a room", () => {
  test("that come in order go out at once", () => {
    const { order, released, timers } = rig();
    order.begin("room", () => 4);
    for (const rev of [5, 6, 7]) order.take("room", rev, `${rev}`);
    expect(released).toEqual(["5", "6", "7"]);
    expect(timers.size).toBe(0);
  });

  test("wait for the one before them", () => {
    const { order, released, turn, timers } = rig();
    order.begin("room", () => 4);
    order.take("room", 6, "6");
    order.take("room", 7, "7");
    expect(released).toEqual([]);
    order.take("room", 5, "5");
    turn();
    expect(released).toEqual(["5", "6", "7"]);
    expect(timers.size).toBe(0);
  });

  test("of one transaction are not parted by what was held", () => {
    const { order, released, turn } = rig();
    order.begin("room", () => 4);
    order.take("room", 6, "6");
    order.take("room", 5, "5 joined");
    order.take("room", 5, "5 line");
    turn();
    expect(released).toEqual(["5 joined", "5 line", "6"]);
  });

  test("do not wait for a change that has no event", () => {
    const { order, released, turn } = rig();
    order.begin("room", () => 4);
    order.take("room", 6, "6");
    order.take("room", 5, "");
    turn();
    expect(released).toEqual(["6"]);
  });

  test("go out after a while though one was lost, and a late one goes to nobody who has seen later ones", () => {
    const { order, released, late, wait } = rig();
    order.begin("room", () => 4);
    order.take("room", 7, "7");
    order.take("room", 6, "6");
    order.take("room", 9, "9");
    wait();
    expect(released).toEqual(["6", "7"]);
    wait();
    expect(released).toEqual(["6", "7", "9"]);
    order.take("room", 5, "5");
    expect(released).toEqual(["6", "7", "9"]);
    expect(late).toEqual(["5"]);
  });

  test("that stay away are asked for once, up to what has come, and told in their place", () => {
    const { order, released, late, wait, turn, timers } = rig();
    const holes: number[] = [];
    order.onHole = (_roomId, upTo) => void holes.push(upTo);
    order.begin("room", () => 4);
    order.take("room", 8, "8");
    wait();
    order.take("room", 9, "9");
    wait();
    expect([holes, released]).toEqual([[7], []]);
    // One of them has come after all, so that the database brings it a second time.
    order.take("room", 5, "5");
    order.tell("room", {
      upTo: 7,
      frames: [
        { rev: 5, frame: "5 told" },
        { rev: 6, frame: "6 told" },
        { rev: 7, frame: "7 told" },
      ],
    });
    turn();
    expect(released).toEqual(["5", "6 told", "7 told", "8", "9"]);
    for (const rev of [6, 7]) order.take("room", rev, `${rev}`);
    expect([released.length, late]).toEqual([5, ["6", "7"]]);
    expect(timers.size).toBe(0);
  });

  test("are told past what is held, which is then not released a second time, and the rest is waited for", () => {
    const { order, released, late, wait, turn, timers } = rig();
    const holes: number[] = [];
    order.onHole = (_roomId, upTo) => void holes.push(upTo);
    order.begin("room", () => 4);
    order.take("room", 6, "6");
    order.take("room", 9, "9");
    order.tell("room", { upTo: 7, frames: [{ rev: 6, frame: "6 told" }] });
    expect([released, late]).toEqual([["6 told"], ["6"]]);
    wait();
    expect(holes).toEqual([8]);
    order.skip("room");
    turn();
    expect(released).toEqual(["6 told", "9"]);
    order.tell("room", { upTo: 0, frames: [] });
    expect(timers.size).toBe(0);
  });

  test("of a room that nobody reads pass, and leave no timer behind", () => {
    const { order, released, timers } = rig();
    order.take("room", 9, "9");
    order.begin("room", () => 9);
    order.take("room", 12, "12");
    order.end("room");
    expect(released).toEqual(["9"]);
    expect(timers.size).toBe(0);
  });

  test("come out sorted and complete, in whatever order they come in", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(
          Array.from({ length: 12 }, (_, i) => i + 1),
          { minLength: 12 },
        ),
        (revs) => {
          const { order, released, turn, timers } = rig();
          order.begin("room", () => 0);
          for (const rev of revs) {
            order.take("room", rev, `${rev}`);
            turn();
          }
          expect(released).toEqual(Array.from({ length: 12 }, (_, i) => `${i + 1}`));
          expect(timers.size).toBe(0);
        },
      ),
    );
  });
});
