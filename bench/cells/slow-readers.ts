import { type Cell, median, type Table, type Target } from "../cell.ts";
import type { LoadPlan, LoadResult } from "../load/spec.ts";
import { mega, type Observed, observe, peakBytes } from "../observe.ts";
import { limitOf, mediansOf, rounded } from "../table.ts";

const plan = { people: 1_000, roomSize: 50, roomsEach: 1 };
/** 1 %: the first member of every second room. */
const stalledEvery = 100;
const stalledCount = plan.people / stalledEvery;
/** What the server keeps for a peer that takes nothing is 1 MB at most; twice that leaves room for noise. */
const boundBytes = stalledCount * 2 * mega;
/** As in the latency targets, unless the same talk without slow readers takes longer. */
const lastP99Ms = 50;
const noise = 1.5;

interface Measured {
  load: string;
  without: Observed[];
  with: Observed[];
}

export const slowReaders: Cell = {
  name: "slow-readers",
  title: "Readers that stop reading",
  about:
    "1,000 clients in rooms of 50 with messages of 1 KB; 1 % of them, one in every second room, stop reading when the talk begins, and stay. Compared with the same talk without them, in turns: in a closed loop (one message a sender that has not reached all who read), and by a schedule of half of that. An ack means fsynced.",
  async run(bench) {
    const rounds = bench.isQuick ? 1 : 2;
    const run = (load: LoadPlan, isWith: boolean) =>
      observe(plan, {
        roomSize: plan.roomSize,
        // The first member of a room only listens, or does not.
        sendersPerRoom: plan.roomSize - 1,
        contentBytes: 1_024,
        tempIds: "ordered",
        load,
        warmUpS: bench.seconds(2),
        seconds: bench.seconds(20),
        ...(isWith && { stalledEvery }),
      });
    const both = async (words: string, load: LoadPlan): Promise<Measured> => {
      const measured: Measured = { load: words, without: [], with: [] };
      for (let round = 1; round <= rounds; round++) {
        for (const side of ["without", "with"] as const) {
          bench.say(`${words}, ${side} slow readers, round ${round} of ${rounds}`);
          measured[side].push(await run(load, side === "with"));
        }
      }
      return measured;
    };
    const closed = await both("closed loop", { kind: "window", perSender: 1, until: "last" });
    const half = Math.round(rateOf(closed.without) / 2);
    const open = await both(`${half.toLocaleString("en")} messages/s`, { kind: "schedule", perSecond: half });
    const all = [...closed.without, ...closed.with, ...open.without, ...open.with];
    return {
      tables: [table([closed, open])],
      notes: [
        "A slow reader is closed with 4008 when it has taken nothing for ten seconds while 256 KB wait for it; with 1006 when more than 1 MB wait before.",
      ],
      targets: targetsOf(closed, open),
      faults: all.flatMap(({ result }) => result.faults),
    };
  },
};

const resultsOf = (observed: readonly Observed[]): LoadResult[] => observed.map(({ result }) => result);
const rateOf = (observed: readonly Observed[]) =>
  median(resultsOf(observed).map(({ acked, seconds }) => acked / seconds));
const memoryOf = (observed: readonly Observed[]) =>
  median(observed.map(({ memory }) => median(memory.map(({ bytes }) => bytes))));
const peakOf = (observed: readonly Observed[]) => median(observed.map(({ memory }) => peakBytes(memory)));

/** Of those who stopped reading, in the run that let go of the fewest. */
const letGo = (observed: readonly Observed[]) =>
  Math.min(...resultsOf(observed).map(({ closed }) => (closed["4008"] ?? 0) + (closed["1006"] ?? 0)));

function targetsOf(closed: Measured, open: Measured): Target[] {
  const ratio = rateOf(closed.with) / rateOf(closed.without);
  const [without, with_] = [mediansOf(resultsOf(open.without)), mediansOf(resultsOf(open.with))];
  const grown = Math.max(...[closed, open].map((one) => memoryOf(one.with) - memoryOf(one.without)));
  const gone = letGo(closed.with);
  return [
    {
      what: "the others' throughput beside slow readers",
      target: "at least 90 % of that without",
      reached: `${Math.round(ratio * 100)} %`,
      isMet: ratio >= 0.9,
    },
    {
      what: "the others' last receiver p99 beside slow readers",
      target: `below ${lastP99Ms} ms, or ${noise} × that without, at half of the closed loop's rate`,
      reached: `${with_.lastP99.toFixed(1)} ms (${without.lastP99.toFixed(1)} without)`,
      isMet: with_.lastP99 < Math.max(lastP99Ms, noise * without.lastP99),
    },
    {
      what: "median memory beside slow readers",
      target: `at most ${boundBytes / mega} MB more than without`,
      reached: `${grown < 0 ? "" : "+"}${(grown / mega).toFixed(0)} MB`,
      isMet: grown <= boundBytes,
    },
    {
      what: "slow readers are let go",
      target: `all ${stalledCount}`,
      reached: `${gone}`,
      isMet: gone >= stalledCount,
    },
  ];
}

function table(measured: readonly Measured[]): Table {
  return {
    title: "",
    columns: [
      { name: "load" },
      { name: "slow readers" },
      { name: "acked", unit: "messages/s" },
      { name: "delivered to the others", unit: "/s" },
      { name: "against without", unit: "×" },
      { name: "ack p50", unit: "ms" },
      { name: "ack p99", unit: "ms" },
      { name: "last receiver p50", unit: "ms" },
      { name: "last receiver p99", unit: "ms" },
      { name: "median memory (PSS)", unit: "MB" },
      { name: "peak memory", unit: "MB" },
      { name: "closed with 4008" },
      { name: "closed with 1006" },
      { name: "CPU a message", unit: "µs" },
      { name: "CPU a delivery", unit: "µs" },
      { name: "batch", unit: "messages" },
      { name: "limited by" },
    ],
    rows: measured.flatMap((one) =>
      ([one.without, one.with] as const).map((observed) => {
        const results = resultsOf(observed);
        const figures = mediansOf(results);
        const closedWith = (code: string) => median(results.map(({ closed }) => closed[code] ?? 0));
        return [
          one.load,
          observed === one.with ? stalledCount : 0,
          Math.round(rateOf(observed)),
          Math.round(median(results.map(({ deliveries, seconds }) => deliveries / seconds))),
          rounded(rateOf(observed) / rateOf(one.without)),
          figures.ackP50,
          figures.ackP99,
          figures.lastP50,
          figures.lastP99,
          rounded(memoryOf(observed) / mega, 0),
          rounded(peakOf(observed) / mega, 0),
          closedWith("4008"),
          closedWith("1006"),
          figures.cpuPerMessage,
          figures.cpuPerDelivery,
          figures.batch,
          one.load === "closed loop" ? limitOf(results) : "the schedule",
        ];
      }),
    ),
  };
}
