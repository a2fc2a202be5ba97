import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { RoomFrame } from "../../src/server/realtime/room-frame.ts";
import { Topics } from "../../src/server/realtime/topics.ts";
import { ManualClock } from "../support/clock.ts";
import { Broker, PairedSocket } from "./socket-pair.ts";

/** One who takes what is sent to them alone at once. */
interface Member {
  transport: PairedSocket;
}

function rig(sizes: { fewSockets?: number; silentSockets?: number; shardSockets?: number; gatherAbove?: number } = {}) {
  const clock = new ManualClock();
  const broker = new Broker();
  const interest: string[] = [];
  let releases = 0;
  const topics = new Topics<Member>({
    clock,
    metrics: createMetrics(),
    sendAlone: ({ transport }, frame) => void transport.sendText(frame),
    beforePublish: () => void releases++,
    apart: () => [],
    fewSockets: 0,
    silentSockets: 0,
    onOpen: (roomId) => void interest.push(`+${roomId}`),
    onEmpty: (roomId) => void interest.push(`-${roomId}`),
    ...sizes,
  });
  topics.publisher = broker;
  const join = () => {
    const socket = new PairedSocket(broker);
    const member = { transport: socket };
    return { socket, member, shard: topics.join(member, "room") };
  };
  return { releases: () => releases, clock, broker, topics, interest, join };
}

const subscribed = ({ topics }: Broker) => topics.values().reduce((sum, { size }) => sum + size, 0);

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a room's topics", () => {
  test("are one for up to 500 sockets: a frame is one publish, at once", () => {
    const { topics, broker, join } = rig();
    for (let count = 0; count < 500; count++) join();
    topics.publish("room", new RoomFrame("hello"));
    expect(broker.published).toEqual([500]);
  });

  test("are several beyond: one publish a turn of the event loop, each socket gets each frame once", async () => {
    const { topics, broker, join } = rig();
    const sockets = Array.from({ length: 900 }, () => join().socket);
    topics.publish("room", new RoomFrame("one"));
    topics.publish("room", new RoomFrame("two"));
    expect(broker.published).toEqual([]);
    await turn();
    expect(broker.published).toEqual([500, 500]);
    await turn();
    expect(broker.published).toEqual([500, 500, 400, 400]);
    for (const { sent } of sockets) expect(sent).toEqual(["one", "two"]);
  });

  test("of a room beyond 1,000 sockets take together what comes within 50 ms", async () => {
    const { topics, broker, clock, join } = rig();
    for (let count = 0; count < 1_001; count++) join();
    topics.publish("room", new RoomFrame("one"));
    await turn();
    clock.advance(49);
    topics.publish("room", new RoomFrame("two"));
    await turn();
    expect(broker.published).toEqual([]);
    clock.advance(1);
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(broker.published).toEqual([500, 500, 500, 500, 1, 1]);
  });

  test("are none for a few sockets: each is sent to alone, until they are too many", () => {
    const { topics, broker, join, releases } = rig({ fewSockets: 2 });
    const [one, two] = [join(), join()];
    topics.publish("room", new RoomFrame("for two"));
    expect(broker.published).toEqual([]);
    const three = join();
    topics.publish("room", new RoomFrame("for three"));
    expect(broker.published).toEqual([3]);
    expect(releases()).toBe(1);
    topics.leave(two.member, "room", two.shard);
    topics.publish("room", new RoomFrame("for two again"));
    expect(one.socket.sent).toEqual(["for two", "for three", "for two again"]);
    expect(two.socket.sent).toEqual(["for two", "for three"]);
    expect(three.socket.sent).toEqual(["for three", "for two again"]);
  });

  test("are none either while nobody says anything; the first frame makes one, and reaches everybody", () => {
    const { topics, broker, join } = rig({ fewSockets: 2, silentSockets: 3 });
    const [stays, leaves] = [join(), join()];
    const third = join();
    expect(subscribed(broker)).toBe(0);
    topics.leave(leaves.member, "room", leaves.shard);
    const last = join();
    topics.publish("room", new RoomFrame("hello"));
    expect(broker.published).toEqual([3]);
    for (const { socket } of [stays, third, last]) expect(socket.sent).toEqual(["hello"]);
    expect(leaves.socket.sent).toEqual([]);
    topics.leave(last.member, "room", last.shard);
    expect(subscribed(broker)).toBe(2);
  });

  test("come before anything is said where they are too many to be listed", () => {
    const { broker, join } = rig({ silentSockets: 3 });
    for (let count = 0; count < 4; count++) join();
    expect(subscribed(broker)).toBe(4);
  });

  test("are none again when the room was empty meanwhile", () => {
    const { topics, broker, join } = rig({ fewSockets: 1 });
    const joined = [join(), join()];
    for (const { member, shard } of joined) topics.leave(member, "room", shard, { isGone: true });
    const { socket } = join();
    topics.publish("room", new RoomFrame("hello"));
    expect(broker.published).toEqual([]);
    expect(socket.sent).toEqual(["hello"]);
  });

  test("give who leaves what was published before, and who comes nothing of it", async () => {
    const { topics, join } = rig({ shardSockets: 1 });
    const [stays, leaves] = [join(), join()];
    topics.publish("room", new RoomFrame("before"));
    topics.leave(leaves.member, "room", leaves.shard);
    const comes = join();
    topics.publish("room", new RoomFrame("after"));
    for (let turns = 0; turns < 4; turns++) await turn();
    expect(stays.socket.sent).toEqual(["before", "after"]);
    expect(leaves.socket.sent).toEqual(["before"]);
    expect(comes.socket.sent).toEqual(["after"]);
  });

  test("are told of when the first comes and the last goes, and not in between", () => {
    const { topics, interest, join } = rig({ shardSockets: 1 });
    const [one, two] = [join(), join()];
    topics.leave(one.member, "room", one.shard);
    topics.leave(two.member, "room", two.shard, { isGone: true });
    join();
    expect(interest).toEqual(["+room", "-room", "+room"]);
  });

  test("bring everybody exactly what was published while they were there, in order, however they come and go", async () => {
    const move = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ do: "join" } as const) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), who: fc.nat() }) },
      { weight: 4, arbitrary: fc.constant({ do: "publish" } as const) },
      { weight: 2, arbitrary: fc.constant({ do: "turn" } as const) },
      { weight: 1, arbitrary: fc.constant({ do: "wait" } as const) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { maxLength: 60 }),
        fc.nat(3),
        fc.nat(5),
        async (moves, fewSockets, silentSockets) => {
          const { topics, clock, join } = rig({ fewSockets, silentSockets, shardSockets: 2, gatherAbove: 5 });
          const present: (ReturnType<typeof join> & { expected: string[] })[] = [];
          const all: typeof present = [];
          let number = 0;
          for (const each of moves) {
            if (each.do === "join") {
              const joined = { ...join(), expected: [] };
              present.push(joined);
              all.push(joined);
            } else if (each.do === "leave") {
              const [left] = present.splice(each.who % Math.max(present.length, 1), 1);
              if (left) topics.leave(left.member, "room", left.shard);
            } else if (each.do === "publish") {
              const text = String(++number);
              topics.publish("room", new RoomFrame(text));
              for (const { expected } of present) expected.push(text);
            } else if (each.do === "turn") await turn();
            else clock.advance(50);
          }
          clock.advance(50);
          for (let turns = 0; turns < 20; turns++) await turn();
          for (const { socket, expected } of all) expect(socket.sent).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});
