import { expect, test } from "bun:test";
import type { LoadSpec, Seat } from "../../bench/load/spec.ts";
import { Talk } from "../../bench/load/talk.ts";
import { relayWire } from "../../bench/load/wire-parley.ts";
import { type Lie, startLyingServer } from "./lying-server.ts";

const clients = 4;

async function talkTo(lie: Lie, more: Partial<LoadSpec> = {}) {
  const server = startLyingServer(lie);
  const spec: LoadSpec = {
    wire: "relay",
    url: `http://127.0.0.1:${server.port}`,
    seats: "",
    clients,
    // One room: what a server says to somebody else is said to somebody of the room.
    roomSize: clients,
    sendersPerRoom: clients,
    contentBytes: 16,
    tempIds: "ordered",
    load: { kind: "window", perSender: 2 },
    warmUpS: 0,
    seconds: 0.2,
    settleMs: 200,
    pids: [process.pid],
    ...more,
  };
  const seats = Array.from({ length: clients }, (_, index): Seat => {
    const username = `u${index}`;
    return { user_id: username, username, token: "", rooms: ["00000000-0000-7000-8000-000000000000"] };
  });
  const talk = new Talk(spec, relayWire, seats);
  try {
    return await talk.run(() => {});
  } finally {
    talk.stop();
    await server.stop(true);
  }
}

test("an honest server has no faults, and everything is counted", async () => {
  const { faults, acked, deliveries, ack, last } = await talkTo("honest");
  expect(faults).toEqual([]);
  expect(acked).toBeGreaterThan(500);
  // The last ones may arrive when counting has ended.
  expect(Math.abs(deliveries - acked * clients)).toBeLessThan(50 * clients);
  expect(ack.p50).toBeGreaterThan(0);
  expect(last.p99).toBeGreaterThanOrEqual(ack.p50);
});

const lies: [Lie, RegExp][] = [
  ["loses it", /got message \d+ of its room after \d+|got \d+ of \d+ messages/],
  ["loses it for one member", /client \d got message \d+ of its room after \d+|got \d+ of \d+ messages/],
  ["delivers it twice", /client \d got message (\d+) of its room after \1$/],
  ["delivers it after the next", /client \d got message \d+ of its room after \d+/],
  ["delivers the one before in its place", /message \d+ arrived (0|8) times, expected were 4/],
  ["answers it twice", /message \d+ was answered twice/],
  ["never answers it", /\d+ messages were never answered/],
  ["answers somebody else", /client \d was answered the message of another/],
];

test.each(lies)("a server that %s is found out", async (lie, fault) => {
  const { faults } = await talkTo(lie);
  expect(faults.filter((text) => fault.test(text))).not.toEqual([]);
});

test("who stops reading is not waited for, and the others are counted alone", async () => {
  const { faults, last } = await talkTo("honest", { sendersPerRoom: clients - 1, stalledEvery: clients });
  expect(faults).toEqual([]);
  expect(last.count).toBeGreaterThan(100);
});

test("a closed loop may wait for the last member", async () => {
  const load = { kind: "window", perSender: 1, until: "last" } as const;
  const { faults, acked } = await talkTo("honest", { load });
  expect(faults).toEqual([]);
  expect(acked).toBeGreaterThan(100);
});

test("the phases of an open loop send what they say, in slices of time", async () => {
  const phases = [
    { perSecond: 1_000, seconds: 0.2 },
    { perSecond: 4_000, seconds: 0.2 },
  ];
  const { faults, series = [] } = await talkTo("honest", {
    load: { kind: "phases", phases },
    seconds: 0.4,
    sliceMs: 200,
  });
  expect(faults).toEqual([]);
  const [slow, fast] = series.map(({ sent }) => sent);
  // The first of a phase is due when it begins.
  expect(slow).toBeWithin(198, 203);
  expect(fast).toBeGreaterThan(400);
  expect(series.every(({ sent, acked }) => sent === acked)).toBe(true);
});
