import type { Settle } from "../settle.ts";
import type { WriteLane } from "./write-lane.ts";

/** What takes jobs and commits them in groups: a {@link WriteLane}, or several. */
export type Lane<Job, Outcome> = Pick<
  WriteLane<Job, Outcome>,
  "add" | "submit" | "isFull" | "idle" | "isDead" | "fail"
>;

/** Lanes beside each other. Jobs of which one must follow the other are of one lane, and stay in the order of the calls. */
export class ParallelLanes<Job, Outcome> implements Lane<Job, Outcome> {
  constructor(
    private readonly lanes: readonly WriteLane<Job, Outcome>[],
    /** A whole number from 0; lanes take them in turns. */
    private readonly laneOf: (job: Job) => number,
  ) {}

  add(job: Job): Promise<Outcome> {
    return this.#of(job).add(job);
  }

  submit(job: Job, settle: Settle<Outcome>): void {
    this.#of(job).submit(job, settle);
  }

  /** None takes another job; a single one that is full refuses by itself. */
  get isFull(): boolean {
    return this.lanes.every((lane) => lane.isFull);
  }

  async idle(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.idle()));
  }

  get isDead(): boolean {
    return this.lanes.some((lane) => lane.isDead);
  }

  fail(error: Error): void {
    for (const lane of this.lanes) lane.fail(error);
  }

  #of(job: Job): WriteLane<Job, Outcome> {
    const lane = this.lanes[this.laneOf(job) % this.lanes.length];
    if (!lane) throw new Error("there is no lane");
    return lane;
  }
}
