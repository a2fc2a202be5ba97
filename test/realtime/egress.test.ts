import { describe, expect, test } from "bun:test";
import { named } from "../../src/server/platform/log.ts";
import { Egress } from "../../src/server/realtime/egress.ts";

function rig() {
  const out: string[] = [];
  const socket = (name: string) => ({
    sendAll: (frames: readonly string[]) => void out.push(`${name}: ${frames.join(" ")}`),
  });
  return { egress: new Egress(named("test")), out, socket, step: (what: string) => () => void out.push(what) };
}

describe("what leaves the server", () => {
  test("gathers in one turn of the event loop, and keeps its order", async () => {
    const { egress, out, step } = rig();
    egress.inTurn(step("one"));
    egress.inTurn(step("two"));
    await Promise.resolve();
    expect(out).toEqual([]);
    egress.inTurn(step("three"));
    await egress.flushed();
    expect(out).toEqual(["one", "two", "three"]);
  });

  test("begins with the acknowledgements, all of one socket together", async () => {
    const { egress, out, socket, step } = rig();
    const [ann, ben] = [socket("ann"), socket("ben")];
    egress.inTurn(step("the first message"));
    egress.ack(ann, "a1");
    egress.inTurn(step("the second message"));
    egress.ack(ben, "b1");
    egress.ack(ann, "a2");
    await egress.flushed();
    expect(out).toEqual(["ann: a1 a2", "ben: b1", "the first message", "the second message"]);
  });

  test("for one socket goes out together, its acknowledgements first, and before any other step", async () => {
    const { egress, out, socket, step } = rig();
    const [ann, ben] = [socket("ann"), socket("ben")];
    egress.inTurnGathering(() => {
      egress.gather(ann, "m1");
      egress.gather(ben, "m1");
    });
    egress.inTurnGathering(() => egress.gather(ann, "m2"));
    egress.ack(ann, "a1");
    egress.inTurn(step("a step"));
    egress.inTurnGathering(() => egress.gather(ben, "m3"));
    egress.inTurnGathering(() => {
      egress.release();
      out.push("published");
    });
    egress.inTurnGathering(() => egress.gather(ben, "m4"));
    await egress.flushed();
    expect(out).toEqual(["ann: a1 m1 m2", "ben: m1", "a step", "ben: m3", "published", "ben: m4"]);
  });

  test("that a step adds comes after all that was there", async () => {
    const { egress, out, step } = rig();
    egress.inTurn(() => {
      out.push("one");
      egress.inTurn(step("three"));
    });
    egress.inTurn(step("two"));
    await egress.flushed();
    await egress.flushed();
    expect(out).toEqual(["one", "two", "three"]);
  });

  test("goes on after a step that throws", async () => {
    const { egress, out, step } = rig();
    egress.ack(
      {
        sendAll: () => {
          throw new Error("gone");
        },
      },
      "a1",
    );
    egress.inTurn(() => {
      throw new Error("broken");
    });
    egress.inTurn(step("two"));
    await egress.flushed();
    expect(out).toEqual(["two"]);
  });
});
