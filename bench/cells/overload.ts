import { type Bench, type Cell, type CellReport, median, type Table, type Target } from "../cell.ts";
import { once } from "../compare.ts";
import type { LoadResult, Slice } from "../load/spec.ts";
import { mega, type Observed, observe, peakBytes } from "../observe.ts";
import { parley } from "../peer.ts";
import { rounded } from "../table.ts";

const plan = { people: 400, roomSize: 2, roomsEach: 1 };
const sliceMs = 500;
/** Calm again: below this, or below what it was before. */
const targetMs = 25;
/** So many slices in a row make a recovery, not one lucky one. */
const calmSlices = 4;

export const overload: Cell = {
  name: "overload",
  title: "More than it can take",
  about:
    "Rooms of 2. Saturation is found in a closed loop; then, on a new server, a fixed schedule offers 50 % of it, 150 % for 30 s, and 50 % again. Times and counts are those of the messages due in each half second. An ack means fsynced; everything that was acked must arrive.",
  async run(bench) {
    const work = {
      roomSize: plan.roomSize,
      sendersPerRoom: plan.roomSize,
      contentBytes: 64,
      tempIds: "ordered" as const,
    };
    bench.say("saturation");
    const found = await once(parley, plan, {
      ...work,
      load: { kind: "window", perSender: 10 },
      warmUpS: bench.seconds(3),
      seconds: bench.seconds(6),
    });
    const saturation = found.acked / found.seconds;
    const phases = phasesOf(bench, saturation);
    bench.say(`50 %, 150 %, 50 % of ${Math.round(saturation).toLocaleString("en")} messages/s`);
    const observed = await observe(plan, {
      ...work,
      load: { kind: "phases", phases },
      warmUpS: 0,
      seconds: phases.reduce((sum, { seconds }) => sum + seconds, 0),
      sliceMs,
    });
    return report(saturation, phases, observed, found);
  },
};

interface Phase {
  name: string;
  fromS: number;
  perSecond: number;
  seconds: number;
}

function phasesOf(bench: Bench, saturation: number): Phase[] {
  const lengths = [10, 30, 20].map((seconds) => bench.seconds(seconds));
  const [before = 0, over = 0, after = 0] = lengths;
  const phase = (name: string, share: number, fromS: number, seconds: number): Phase => ({
    name: `${Math.round(share * 100)} %${name}`,
    fromS,
    perSecond: Math.round(share * saturation),
    seconds,
  });
  return [phase(", before", 0.5, 0, before), phase("", 1.5, before, over), phase(", after", 0.5, before + over, after)];
}

function report(saturation: number, phases: Phase[], observed: Observed, found: LoadResult): CellReport {
  const { result, memory } = observed;
  const series = result.series ?? [];
  const [, over, after] = phases;
  const endS = after?.fromS ?? 0;
  const before = series.slice(0, (over?.fromS ?? 0) * (1_000 / sliceMs)).map(({ ackP99 }) => ackP99);
  const calmMs = Math.max(targetMs, median(before));
  const recovered = series.findIndex(
    ({ fromS }, index) =>
      fromS >= endS && series.slice(index, index + calmSlices).every(({ ackP99 }) => ackP99 < calmMs),
  );
  const recoveryS = recovered === -1 ? Infinity : (series[recovered]?.fromS ?? 0) - endS;
  const third = (over?.seconds ?? 0) / 3;
  const [second, last] = [1, 2].map((index) =>
    peakBytes(memory, endS - (3 - index) * third, endS - (2 - index) * third),
  );
  const growth = second && last ? last / second - 1 : 0;
  const acksPerS = over ? rateIn(series, over, ({ acksIn }) => acksIn) : 0;
  const targets: Target[] = [
    {
      what: "memory under 150 % of saturation",
      target: "bounded: in the last ten of 30 s at most 10 % above the ten before",
      reached: `${growth < 0 ? "" : "+"}${Math.round(growth * 100)} %, at most ${Math.round(peakBytes(memory) / mega)} MB`,
      isMet: growth <= 0.1,
    },
    {
      what: "acks under 150 % of saturation",
      target: "at least half of saturation: what cannot be taken is refused cheaply or held back",
      reached: `${Math.round((100 * acksPerS) / saturation)} % of saturation`,
      isMet: acksPerS >= saturation / 2,
    },
    {
      what: "recovery when the load goes",
      target: `by itself: ack p99 below ${targetMs} ms again, or what it was before`,
      reached: Number.isFinite(recoveryS)
        ? `after ${recoveryS.toFixed(1)} s (below ${calmMs.toFixed(0)} ms)`
        : `not within ${after?.seconds} s`,
      isMet: Number.isFinite(recoveryS),
    },
  ];
  const refused = Object.entries(result.refused).map(([code, count]) => `${count.toLocaleString("en")} ${code}`);
  return {
    tables: [tableOf(phases, series, memory)],
    charts: [
      {
        file: "overload",
        chart: {
          title: "Overload and after",
          xTitle: "seconds",
          yTitle: "ack, ms",
          yScale: "logarithmic",
          series: [
            { name: "ack p50", points: series.map(({ fromS, ackP50 }) => [fromS, ackP50]) },
            { name: "ack p99", points: series.map(({ fromS, ackP99 }) => [fromS, ackP99]) },
          ],
        },
      },
    ],
    notes: [
      `Over the whole run: ${rounded(result.cpuPerMessage)} µs CPU a message acked, ${result.batch?.toFixed(0)} messages a batch, ${rounded(result.peerCores)} cores of the server and ${rounded(result.loadCores)} of the generator.`,
      `Saturation: ${Math.round(saturation).toLocaleString("en")} messages/s.`,
      refused.length > 0
        ? `Refused: ${refused.join(", ")}.`
        : "Nothing was refused: the load was held back, and answered late.",
    ],
    targets,
    faults: [...found.faults, ...result.faults],
  };
}

/** The slices of a phase. */
const sliced = (series: readonly Slice[], { fromS, seconds }: Phase) =>
  series.filter((slice) => slice.fromS >= fromS && slice.fromS < fromS + seconds);

function rateIn(series: readonly Slice[], phase: Phase, figure: (slice: Slice) => number): number {
  return sliced(series, phase).reduce((total, slice) => total + figure(slice), 0) / phase.seconds;
}

function tableOf(phases: readonly Phase[], series: readonly Slice[], memory: Observed["memory"]): Table {
  return {
    title: "",
    columns: [
      { name: "load" },
      { name: "seconds" },
      { name: "offered", unit: "messages/s" },
      { name: "acked", unit: "messages/s" },
      { name: "refused", unit: "messages/s" },
      { name: "acks meanwhile", unit: "/s" },
      { name: "ack p50, median", unit: "ms" },
      { name: "ack p99, median", unit: "ms" },
      { name: "ack p99, worst", unit: "ms" },
      { name: "refusal p99, median", unit: "ms" },
      { name: "peak memory (PSS)", unit: "MB" },
    ],
    rows: phases.map((phase) => {
      const { name, fromS, perSecond, seconds } = phase;
      const own = sliced(series, phase);
      const rate = (figure: (slice: Slice) => number) => Math.round(rateIn(series, phase, figure));
      const sorted = (figure: (slice: Slice) => number) => own.map(figure).toSorted((a, b) => a - b);
      const middle = (figure: (slice: Slice) => number) => rounded(sorted(figure)[own.length >> 1] ?? 0);
      return [
        name,
        seconds,
        perSecond,
        rate(({ acked }) => acked),
        rate((slice) => slice.refused),
        rate(({ acksIn }) => acksIn),
        middle(({ ackP50 }) => ackP50),
        middle(({ ackP99 }) => ackP99),
        rounded(sorted(({ ackP99 }) => ackP99).at(-1) ?? 0),
        middle(({ refusalP99 }) => refusalP99),
        rounded(peakBytes(memory, fromS, fromS + seconds) / mega, 0),
      ];
    }),
  };
}
