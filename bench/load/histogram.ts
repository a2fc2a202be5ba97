import { createHistogram } from "node:perf_hooks";
import type { Latencies } from "./spec.ts";

/** An HDR histogram of latencies, to three digits, up to an hour. */
export class Histogram {
  readonly #microseconds = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 });

  record(ms: number): void {
    this.#microseconds.record(Math.max(1, Math.round(ms * 1_000)));
  }

  get count(): number {
    return this.#microseconds.count;
  }

  /** Milliseconds below which so many percent lie. */
  at(percentile: number): number {
    return this.#microseconds.count === 0 ? 0 : this.#microseconds.percentile(percentile) / 1_000;
  }

  summary(): Latencies {
    const histogram = this.#microseconds;
    const { count } = histogram;
    if (count === 0) return { count: 0, p50: 0, p99: 0, p999: 0, max: 0 };
    const at = (percentile: number) => histogram.percentile(percentile) / 1_000;
    return { count, p50: at(50), p99: at(99), p999: at(99.9), max: histogram.max / 1_000 };
  }
}
