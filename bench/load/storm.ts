import { assemble } from "./assemble.ts";
import { Histogram } from "./histogram.ts";
import { cpuSeconds } from "./proc.ts";
import type { Latencies, Seat, WireName } from "./spec.ts";
import { wires } from "./wires.ts";

/** People who all come at once. */
export interface StormSpec {
  kind: "storm";
  wire: WireName;
  url: string;
  seats: string;
  /** The first of the seats taken, and how many. */
  from: number;
  clients: number;
  /** The processes whose CPU time is counted. */
  pids: number[];
}

export interface StormResult {
  /** When the first connected and the last was ready, in milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  /** From the beginning of the storm until each was ready: all of them want in at once. */
  ready: Latencies;
  /** Connections that the kernel dropped before they were accepted, and that were made again. */
  again: number;
  peerCores: number;
  loadCores: number;
}

/** Connects everybody as fast as it goes. */
export async function storm(spec: StormSpec, seats: readonly Seat[]): Promise<StormResult> {
  const ready = new Histogram();
  let again = 0;
  const [peerBefore, loadBefore] = [cpuSeconds(spec.pids), cpuSeconds([process.pid])];
  const [startedAt, startMs] = [Date.now(), performance.now()];
  await assemble(seats.slice(spec.from, spec.from + spec.clients), wires[spec.wire], spec.url, {
    ready: () => ready.record(performance.now() - startMs),
    frame() {},
    again: () => again++,
  });
  const seconds = (performance.now() - startMs) / 1_000;
  return {
    startedAt,
    endedAt: Date.now(),
    ready: ready.summary(),
    again,
    peerCores: (cpuSeconds(spec.pids) - peerBefore) / seconds,
    loadCores: (cpuSeconds([process.pid]) - loadBefore) / seconds,
  };
}
