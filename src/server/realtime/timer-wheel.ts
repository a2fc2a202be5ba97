import type { Clock } from "../platform/clock.ts";

const slots = 64;

/** What has a deadline keeps where it stands on the wheel: a map of ten thousand would take 65 bytes more for each. */
export interface Timed {
  /** The slot, and the place in it; `undefined`: none. */
  slot: number | undefined;
  place: number;
}

/**
 * All deadlines of all sockets on one timer: 64 slots of a second, one looked at a second; what lies further ahead is
 * looked at once a turn. It counts seconds by itself, so that a wall clock that jumps, or a process that was frozen,
 * makes nobody look silent. Never early.
 */
export class TimerWheel<T extends Timed> {
  /** Seconds since the start. */
  now = 0;
  readonly #slots: T[][] = Array.from({ length: slots }, () => []);
  readonly stop: () => void;

  constructor(
    clock: Clock,
    /** Called when it may be time; gives in how many seconds to look again, or `undefined` for never. */
    private readonly look: (item: T) => number | undefined,
  ) {
    this.stop = clock.every(1_000, () => this.#tick());
  }

  /** Looks at `item` in this many seconds, and at no time that was set before. */
  set(item: T, seconds: number): void {
    this.delete(item);
    // One more: this second has begun already.
    const ahead = Math.min(Math.max(Math.ceil(seconds), 0) + 1, slots - 1);
    item.slot = (this.now + ahead) % slots;
    item.place = this.#in(item.slot).push(item) - 1;
  }

  delete(item: T): void {
    if (item.slot === undefined) return;
    const slot = this.#in(item.slot);
    const last = slot.pop();
    if (last && last !== item) {
      slot[item.place] = last;
      last.place = item.place;
    }
    item.slot = undefined;
  }

  #in(slot: number): T[] {
    return (this.#slots[slot] ??= []);
  }

  #tick(): void {
    this.now++;
    const due = this.#in(this.now % slots);
    // What is set meanwhile comes into another slot.
    for (let item = due.at(-1); item; item = due.at(-1)) {
      this.delete(item);
      const seconds = this.look(item);
      if (seconds !== undefined) this.set(item, seconds);
    }
  }
}
