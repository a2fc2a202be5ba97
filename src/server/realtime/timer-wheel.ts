import type { Clock } from "../platform/clock.ts";

const slots = 64;

/**
 * All deadlines of all sockets on one timer: 64 slots of a second, one looked at a second; what lies further ahead is
 * looked at once a turn. It counts seconds by itself, so that a wall clock that jumps, or a process that was frozen,
 * makes nobody look silent. Never early.
 */
export class TimerWheel<T> {
  /** Seconds since the start. */
  now = 0;
  readonly #slots: Set<T>[] = Array.from({ length: slots }, () => new Set());
  readonly #slotOf = new Map<T, Set<T>>();
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
    const slot = this.#slots[(this.now + ahead) % slots];
    if (!slot) return;
    slot.add(item);
    this.#slotOf.set(item, slot);
  }

  delete(item: T): void {
    this.#slotOf.get(item)?.delete(item);
    this.#slotOf.delete(item);
  }

  #tick(): void {
    this.now++;
    // A copy: what is due may come into this very slot again.
    const due = [...(this.#slots[this.now % slots] ?? [])];
    for (const item of due) {
      this.delete(item);
      const seconds = this.look(item);
      if (seconds !== undefined) this.set(item, seconds);
    }
  }
}
