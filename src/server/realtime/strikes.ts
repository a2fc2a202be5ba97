/** Counts what may happen a few times within a while, and not more often. */
export class Strikes {
  #times: number[] = [];

  constructor(
    private readonly max: number,
    private readonly withinMs: number,
  ) {}

  /** Counts one; true when that is the `max`-th within the while. */
  count(nowMs: number): boolean {
    this.#times.push(nowMs);
    if (this.#times.length > this.max) this.#times.shift();
    return this.#times.length === this.max && nowMs - (this.#times[0] ?? 0) < this.withinMs;
  }
}
