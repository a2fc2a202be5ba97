import { type Bench, type Cell, median, type Table, type Target } from "../cell.ts";
import type { Chart } from "../chart.ts";
import { once } from "../compare.ts";
import type { LoadPlan, LoadResult } from "../load/spec.ts";
import { parley } from "../peer.ts";
import { limitOf, mediansOf } from "../table.ts";

interface Rooms {
  people: number;
  roomSize: number;
  saturating: LoadPlan;
}

/** In both everybody sends. A room of 50 is saturated when its members are: an ack comes long before the last of them. */
const small: Rooms = { people: 400, roomSize: 2, saturating: { kind: "window", perSender: 10, until: "ack" } };
const large: Rooms = { people: 1_000, roomSize: 50, saturating: { kind: "window", perSender: 1, until: "last" } };
const shares = [0.1, 0.25, 0.5, 0.75, 0.9];
/** With this share of what was offered the schedule was kept, the machine's noise set aside … */
const kept = 0.98;
/** … unless all of it waits in a queue, and only the last of it for so long that it is refused. */
const queuedMs = 100;
/** Saturation is looked for from this share of the closed loop's rate on, in such steps. */
const from = 0.4;
const step = 1.15;

interface Level {
  share: number;
  perSecond: number;
  results: LoadResult[];
}

interface Measured {
  rooms: Rooms;
  closedLoop: LoadResult[];
  /** The most that a schedule offered and got through. */
  saturation: Level;
  levels: Level[];
}

export const latency: Cell = {
  name: "latency",
  title: "Latency against load",
  about:
    "A fixed schedule offers messages, whatever the answers do. Saturation is the most that such a schedule gets through (98 % acked, half of it within 100 ms), found in steps of 15 %. Beside it stands what a closed loop reaches (rooms of 2: ten messages a client without an ack; rooms of 50: one a client that has not reached everybody), where messages share system calls that they do not share in a schedule. A message's time begins when it was due, not when it left; an ack means that it is fsynced. Each run has a new server and an empty database.",
  async run(bench) {
    const measured: Measured[] = [];
    for (const rooms of [small, large]) measured.push(await measure(bench, rooms));
    return {
      tables: measured.map(table),
      charts: [{ file: "latency-against-load", chart: chartOf(measured) }],
      targets: measured.flatMap(targetsOf),
      faults: measured.flatMap(({ levels, saturation, closedLoop }) =>
        [...closedLoop, ...[saturation, ...levels].flatMap(({ results }) => results)].flatMap(({ faults }) => faults),
      ),
    };
  },
};

async function measure(bench: Bench, rooms: Rooms): Promise<Measured> {
  const rounds = bench.isQuick ? 1 : 3;
  const run = (load: LoadPlan, seconds: number) =>
    once(
      parley,
      { people: rooms.people, roomSize: rooms.roomSize, roomsEach: 1 },
      {
        roomSize: rooms.roomSize,
        sendersPerRoom: rooms.roomSize,
        contentBytes: 64,
        tempIds: "ordered",
        load,
        warmUpS: bench.seconds(2),
        seconds: bench.seconds(seconds),
      },
    );
  const closedLoop: LoadResult[] = [];
  for (let round = 1; round <= rounds; round++) {
    bench.say(`rooms of ${rooms.roomSize}, closed loop, round ${round} of ${rounds}`);
    closedLoop.push(await run(rooms.saturating, 5));
  }
  const saturation: Level = { share: 1, perSecond: 0, results: [] };
  for (let perSecond = from * median(closedLoop.map(ackedPerS)); ; perSecond *= step) {
    const offered = Math.round(perSecond);
    bench.say(`rooms of ${rooms.roomSize}, is ${offered.toLocaleString("en")}/s too much?`);
    const result = await run({ kind: "schedule", perSecond: offered }, 5);
    if (ackedPerS(result) < kept * offered || result.ack.p50 > queuedMs) break;
    saturation.perSecond = offered;
    saturation.results = [result];
  }
  if (saturation.results.length === 0) throw new Error("not even the first schedule was kept: the machine is too busy");
  const levels: Level[] = shares.map((share) => ({
    share,
    perSecond: Math.round(share * saturation.perSecond),
    results: [],
  }));
  for (let round = 1; round <= rounds; round++) {
    for (const level of levels) {
      bench.say(`rooms of ${rooms.roomSize}, ${percent(level.share)} of saturation, round ${round} of ${rounds}`);
      level.results.push(await run({ kind: "schedule", perSecond: level.perSecond }, 6));
    }
  }
  return { rooms, closedLoop, saturation, levels };
}

const ackedPerS = ({ acked, seconds }: LoadResult) => acked / seconds;

const percent = (share: number) => `${Math.round(share * 100)} %`;

function table({ rooms, closedLoop, saturation, levels }: Measured): Table {
  const row = (share: string, offered: number | undefined, results: LoadResult[]) => {
    const acked = median(results.map(ackedPerS));
    const figures = mediansOf(results);
    return [
      share,
      offered ?? "",
      Math.round(acked),
      figures.ackP50,
      figures.ackP99,
      figures.ackP999,
      figures.lastP50,
      figures.lastP99,
      figures.lastP999,
      figures.cpuPerMessage,
      figures.cpuPerDelivery,
      figures.batch,
      figures.peerCores,
      figures.loadCores,
      offered !== undefined && acked > kept * offered ? "the schedule" : limitOf(results),
    ];
  };
  return {
    title: `Rooms of ${rooms.roomSize}, medians of ${closedLoop.length}`,
    columns: [
      { name: "load" },
      { name: "offered", unit: "messages/s" },
      { name: "acked", unit: "messages/s" },
      { name: "ack p50", unit: "ms" },
      { name: "ack p99", unit: "ms" },
      { name: "ack p99.9", unit: "ms" },
      { name: "last receiver p50", unit: "ms" },
      { name: "last receiver p99", unit: "ms" },
      { name: "last receiver p99.9", unit: "ms" },
      { name: "CPU a message", unit: "µs" },
      { name: "CPU a delivery", unit: "µs" },
      { name: "batch", unit: "messages" },
      { name: "its cores" },
      { name: "generator's cores" },
      { name: "limited by" },
    ],
    rows: [
      ...levels.map(({ share, perSecond, results }) => row(percent(share), perSecond, results)),
      row("saturation (once)", saturation.perSecond, saturation.results),
      row("closed loop", undefined, closedLoop),
    ],
  };
}

function targetsOf({ rooms, levels }: Measured): Target[] {
  const half = levels.find(({ share }) => share === 0.5);
  if (!half) return [];
  const { ackP99, lastP99 } = mediansOf(half.results);
  const target = (what: string, reached: number, belowMs: number): Target => ({
    what: `${what} at half of saturation, rooms of ${rooms.roomSize}`,
    target: `p99 below ${belowMs} ms`,
    reached: `${reached.toFixed(1)} ms at ${half.perSecond.toLocaleString("en")} messages/s`,
    isMet: reached < belowMs,
  });
  return [target("send to ack", ackP99, 25), target("send to last receiver", lastP99, 50)];
}

function chartOf(measured: readonly Measured[]): Chart {
  const line = ({ levels }: Measured, figure: "ackP50" | "ackP99" | "lastP99") =>
    levels.map(({ share, results }): [number, number] => [share * 100, mediansOf(results)[figure]]);
  return {
    title: "Latency against load",
    xTitle: "load, % of saturation",
    yTitle: "ms",
    yScale: "logarithmic",
    series: measured.flatMap((one) => [
      { name: `rooms of ${one.rooms.roomSize}: ack p50`, points: line(one, "ackP50") },
      { name: `rooms of ${one.rooms.roomSize}: ack p99`, points: line(one, "ackP99") },
      { name: `rooms of ${one.rooms.roomSize}: last receiver p99`, points: line(one, "lastP99") },
    ]),
  };
}
