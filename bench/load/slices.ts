import { Histogram } from "./histogram.ts";
import type { Slice } from "./spec.ts";

interface Kept {
  sent: number;
  acksIn: number;
  ack: Histogram;
  last: Histogram;
  refusal: Histogram;
}

/** A run in slices of time; a message belongs to the one in which it was due. */
export class Slices {
  #startMs = 0;
  readonly #kept: Kept[] = [];

  constructor(private readonly sliceMs: number) {}

  begin(startMs: number): void {
    this.#startMs = startMs;
  }

  sent(intendedMs: number): void {
    this.#at(intendedMs).sent++;
  }

  acked(intendedMs: number, afterMs: number): void {
    this.#at(intendedMs).ack.record(afterMs);
    this.#at(intendedMs + afterMs).acksIn++;
  }

  refused(intendedMs: number, afterMs: number): void {
    this.#at(intendedMs).refusal.record(afterMs);
  }

  last(intendedMs: number, afterMs: number): void {
    this.#at(intendedMs).last.record(afterMs);
  }

  all(): Slice[] {
    return this.#kept.map(({ sent, acksIn, ack, last, refusal }, index) => ({
      fromS: (index * this.sliceMs) / 1_000,
      sent,
      acked: ack.count,
      refused: refusal.count,
      acksIn,
      ackP50: ack.at(50),
      ackP99: ack.at(99),
      lastP99: last.at(99),
      refusalP99: refusal.at(99),
    }));
  }

  #at(intendedMs: number): Kept {
    const index = Math.max(0, Math.floor((intendedMs - this.#startMs) / this.sliceMs));
    let slice = this.#kept[index];
    while (!slice) {
      this.#kept.push({ sent: 0, acksIn: 0, ack: new Histogram(), last: new Histogram(), refusal: new Histogram() });
      slice = this.#kept[index];
    }
    return slice;
  }
}
