import { type Clock, systemClock } from "../../src/server/platform/clock.ts";

interface Timer {
  dueMs: number;
  everyMs: number | undefined;
  task: () => void;
}

/** A clock that stands still until a test turns it. */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers = new Set<Timer>();

  constructor(startMs: number = Date.UTC(2026, 0, 9, 10, 30)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, task: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + ms, everyMs: undefined, task });
  }

  every(ms: number, task: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + ms, everyMs: ms, task });
  }

  /** Turns the clock forward and runs what falls due on the way, in order, each at its own time. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.dueMs += next.everyMs;
      next.task();
    }
    this.#nowMs = end;
  }

  /** The time jumps, as when a wrong clock is set; timers keep what remained of them. */
  jump(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) timer.dueMs += ms;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= end && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}

/** A test's clock for several nodes: what they gather for a moment before they tell each other is told though it stands. */
export function withRealMoments(clock: Clock): Clock {
  const momentMs = 100;
  return {
    now: () => clock.now(),
    after: (ms, task) => (ms > momentMs ? clock : systemClock).after(ms, task),
    every: (ms, task) => clock.every(ms, task),
  };
}
