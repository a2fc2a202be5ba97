import { availableParallelism } from "node:os";
import { median, type Table } from "./cell.ts";
import type { Compared } from "./compare.ts";
import type { LoadResult } from "./load/spec.ts";

/** Keeps as many digits as a reader can use. */
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** The medians of several runs of the same work. */
export function mediansOf(results: readonly LoadResult[]) {
  const of = (figure: (result: LoadResult) => number) => rounded(median(results.map(figure)));
  const batches = results.flatMap(({ batch }) => (batch === undefined ? [] : [batch]));
  return {
    ackP50: of(({ ack }) => ack.p50),
    ackP99: of(({ ack }) => ack.p99),
    ackP999: of(({ ack }) => ack.p999),
    lastP50: of(({ last }) => last.p50),
    lastP99: of(({ last }) => last.p99),
    lastP999: of(({ last }) => last.p999),
    cpuPerMessage: of(({ cpuPerMessage }) => cpuPerMessage),
    cpuPerDelivery: of(({ cpuPerDelivery }) => cpuPerDelivery),
    peerCores: of(({ peerCores }) => peerCores),
    loadCores: of(({ loadCores }) => loadCores),
    batch: batches.length === 0 ? "" : Math.round(median(batches)),
  };
}

/** One row a peer. */
export function tableOf(compared: readonly Compared[], title = ""): Table {
  const [first] = compared;
  return {
    title,
    columns: [
      { name: "server" },
      { name: "an ack means" },
      { name: "acked", unit: "messages/s" },
      { name: "delivered", unit: "/s" },
      { name: "spread", unit: "%" },
      { name: `against ${first?.peer.name}`, unit: "×" },
      { name: "ack p50", unit: "ms" },
      { name: "ack p99", unit: "ms" },
      { name: "CPU a message", unit: "µs" },
      { name: "CPU a delivery", unit: "µs" },
      { name: "batch", unit: "messages" },
      { name: "its cores" },
      { name: "generator's cores" },
      { name: "limited by" },
    ],
    rows: compared.map((one) => {
      const { peer, results, ackedPerS, deliveriesPerS } = one;
      const figures = mediansOf(results);
      return [
        peer.name,
        peer.ack,
        Math.round(ackedPerS),
        Math.round(deliveriesPerS),
        Math.round(one.spread * 100),
        rounded(ackedPerS / (first?.ackedPerS ?? 1)),
        figures.ackP50,
        figures.ackP99,
        figures.cpuPerMessage,
        figures.cpuPerDelivery,
        figures.batch,
        figures.peerCores,
        figures.loadCores,
        limitOf(results),
      ];
    }),
  };
}

/** From here on the generator may be what is measured. */
const clientBoundCores = 0.9;
/** From here on all cores of the machine are busy. */
const fullMachine = 0.93;

/** What kept several runs of the same work from going faster. */
export function limitOf(results: readonly LoadResult[]): string {
  if (isClientBound(results)) return "the generator";
  const cores = median(results.map(({ peerCores, loadCores }) => peerCores + loadCores));
  return cores > fullMachine * availableParallelism() ? "the machine, shared with the generator" : "the server";
}

export const isClientBound = (results: readonly LoadResult[]): boolean =>
  median(results.map(({ loadCores }) => loadCores)) > clientBoundCores;
