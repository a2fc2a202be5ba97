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
/** With this share of what was offered the schedule was kept, the machine's noise set aside. */
const kept = 0.98;

interface Level {
  share: number;
  perSecond: number;
  results: LoadResult[];
}

interface Measured {
  rooms: Rooms;
  saturation: LoadResult[];
  perSecond: number;
  levels: Level[];
}

export const latency: Cell = {
  name: "latency",
  title: "Latency against load",
  about:
    "Saturation is found in a closed loop (rooms of 2: ten messages a client without an ack; rooms of 50: one a client that has not reached everybody); then a fixed schedule offers a share of it, whatever the answers do. A message's time begins when it was due, not when it left; an ack means that it is fsynced. Each run has a new server and an empty database.",
  async run(bench) {
    const measured: Measured[] = [];
    for (const rooms of [small, large]) measured.push(await measure(bench, rooms));
    return {
      tables: measured.map(table),
      charts: [{ file: "latency-against-load", chart: chartOf(measured) }],
      targets: measured.flatMap(targetsOf),
      faults: measured.flatMap(({ levels, saturation }) =>
        [...saturation, ...levels.flatMap(({ results }) => results)].flatMap(({ faults }) => faults),
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
  const saturation: LoadResult[] = [];
  for (let round = 1; round <= rounds; round++) {
    bench.say(`rooms of ${rooms.roomSize}, saturation, round ${round} of ${rounds}`);
    saturation.push(await run(rooms.saturating, 5));
  }
  const perSecond = median(saturation.map(({ acked, seconds }) => acked / seconds));
  const levels: Level[] = shares.map((share) => ({ share, perSecond: Math.round(share * perSecond), results: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const level of levels) {
      bench.say(`rooms of ${rooms.roomSize}, ${percent(level.share)} of saturation, round ${round} of ${rounds}`);
      level.results.push(await run({ kind: "schedule", perSecond: level.perSecond }, 6));
    }
  }
  return { rooms, saturation, perSecond, levels };
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

function table({ rooms, saturation, perSecond, levels }: Measured): Table {
  const row = (share: string, offered: number | undefined, results: LoadResult[]) => {
    const acked = median(results.map(({ acked, seconds }) => acked / seconds));
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
    title: `Rooms of ${rooms.roomSize}, medians of ${saturation.length}`,
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
      row(`saturation (${Math.round(perSecond).toLocaleString("en")}/s)`, undefined, saturation),
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
