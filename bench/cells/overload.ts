import { type Bench, type Cell, type CellReport, type Table, type Target } from "../cell.ts";
import { once } from "../compare.ts";
import type { LoadResult, Slice } from "../load/spec.ts";
import { mega, type Observed, observe, peakBytes } from "../observe.ts";
import { parley } from "../peer.ts";
import { rounded } from "../table.ts";

const plan = { people: 400, roomSize: 2, roomsEach: 1 };
const sliceMs = 500;
const calmMs = 25;
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
  const targets: Target[] = [
    {
      what: "memory under 150 % of saturation",
      target: "bounded: in the last ten of 30 s at most 10 % above the ten before",
      reached: `${growth < 0 ? "" : "+"}${Math.round(growth * 100)} %, at most ${Math.round(peakBytes(memory) / mega)} MB`,
      isMet: growth <= 0.1,
    },
    {
      what: "recovery when the load goes",
      target: `by itself; ack p99 below ${calmMs} ms again`,
      reached: Number.isFinite(recoveryS) ? `after ${recoveryS.toFixed(1)} s` : `not within ${after?.seconds} s`,
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
      `Saturation: ${Math.round(saturation).toLocaleString("en")} messages/s.`,
      refused.length > 0
        ? `Refused: ${refused.join(", ")}.`
        : "Nothing was refused: the load was held back, and answered late.",
    ],
    targets,
    faults: [...found.faults, ...result.faults],
  };
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
      { name: "ack p50, median", unit: "ms" },
      { name: "ack p99, median", unit: "ms" },
      { name: "ack p99, worst", unit: "ms" },
      { name: "peak memory (PSS)", unit: "MB" },
    ],
    rows: phases.map(({ name, fromS, perSecond, seconds }) => {
      const own = series.filter((slice) => slice.fromS >= fromS && slice.fromS < fromS + seconds);
      const sum = (figure: (slice: Slice) => number) => own.reduce((total, slice) => total + figure(slice), 0);
      const sorted = (figure: (slice: Slice) => number) => own.map(figure).toSorted((a, b) => a - b);
      const middle = (figure: (slice: Slice) => number) => rounded(sorted(figure)[own.length >> 1] ?? 0);
      return [
        name,
        seconds,
        perSecond,
        Math.round(sum(({ acked }) => acked) / seconds),
        Math.round(sum((slice) => slice.refused) / seconds),
        middle(({ ackP50 }) => ackP50),
        middle(({ ackP99 }) => ackP99),
        rounded(sorted(({ ackP99 }) => ackP99).at(-1) ?? 0),
        rounded(peakBytes(memory, fromS, fromS + seconds) / mega, 0),
      ];
    }),
  };
}
