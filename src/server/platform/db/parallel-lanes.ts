import { type LaneMetrics, observed, overloaded, tellAll, type Pending, type WriteLane } from "./write-lane.ts";

/** What takes jobs and commits them in groups: a {@link WriteLane}, or {@link ParallelLanes}. */
export type Lane<Job, Outcome> = Pick<WriteLane<Job, Outcome>, "add" | "submit" | "isFull" | "idle" | "isDead">;

/** A lane commits beside others from so many jobs on. Fewer wait a moment, and share a commit. */
const besideMin = 64;

interface Options<Job, Outcome> {
  count: number;
  /** A whole number from 0; lanes take them in turns. Jobs of which one must follow the other have the same. */
  laneOf: (job: Job) => number;
  /** Commits a batch in one transaction, as {@link WriteLane}'s does. `shed` refuses who waits behind it. */
  commit: (jobs: Job[], shed: () => void) => Promise<Outcome[]>;
  batchMax: number;
  /** Jobs that wait in one lane beyond this are refused with `UNAVAILABLE` (G7). */
  waitingMax: number;
  metrics: LaneMetrics;
}

interface Track<Job, Outcome> {
  waiting: Pending<Job, Outcome>[];
  isBusy: boolean;
}

/**
 * Group commit on several connections. A transaction costs the database the same with one message and with fifty: so few
 * jobs go together, one commit after the other, whatever lane they are of; many go side by side, a commit a lane. Jobs of
 * one lane stay in the order of the calls.
 */
export class ParallelLanes<Job, Outcome> implements Lane<Job, Outcome> {
  readonly #tracks: Track<Job, Outcome>[];
  #inFlight = 0;
  #isStarting = false;
  #whenIdle: (() => void)[] = [];
  /** What is behind them comes back when it goes. */
  readonly isDead = false;

  constructor(private readonly options: Options<Job, Outcome>) {
    this.#tracks = Array.from({ length: options.count }, () => ({ waiting: [], isBusy: false }));
  }

  add(job: Job): Promise<Outcome> {
    return new Promise((resolve, reject) => this.submit({ job, done: resolve, failed: reject }));
  }

  submit(pending: Pending<Job, Outcome>): void {
    const { laneOf, waitingMax } = this.options;
    const track = this.#tracks[laneOf(pending.job) % this.#tracks.length];
    if (!track || track.waiting.length >= waitingMax) {
      pending.failed(overloaded);
      return;
    }
    track.waiting.push(pending);
    if (this.#isStarting || track.isBusy) return;
    this.#isStarting = true;
    // One turn later, so that everything that arrived in this turn of the event loop shares the transaction.
    setImmediate(() => {
      this.#isStarting = false;
      this.#start();
    });
  }

  /** None takes another job; a single one that is full refuses by itself. */
  get isFull(): boolean {
    return this.#tracks.every(({ waiting }) => waiting.length >= this.options.waitingMax);
  }

  idle(): Promise<void> {
    if (this.#inFlight === 0 && this.#depth() === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #start(): void {
    const ready = this.#tracks.filter(({ waiting, isBusy }) => !isBusy && waiting.length > 0);
    const areMany = ready.every(({ waiting }) => waiting.length >= besideMin);
    // Those with many wait as well: they would never leave a moment in which those with few have their turn.
    if (this.#inFlight > 0 && !areMany) return;
    if (this.#depth() < besideMin * this.#tracks.length) {
      if (ready.length > 0) void this.#commit(ready);
    } else for (const track of ready) void this.#commit([track]);
  }

  /** Commits what waits in these lanes as one batch. */
  async #commit(tracks: Track<Job, Outcome>[]): Promise<void> {
    const { commit, batchMax, metrics } = this.options;
    const batch = tracks.flatMap(({ waiting }) => waiting.splice(0, batchMax));
    for (const track of tracks) track.isBusy = true;
    this.#inFlight++;
    metrics.laneDepth.set(this.#depth());
    const shed = () => {
      for (const { waiting } of tracks) for (const pending of waiting.splice(0)) pending.failed(overloaded);
      metrics.laneDepth.set(this.#depth());
    };
    const jobs = batch.map(({ job }) => job);
    await tellAll(batch, observed(metrics, jobs, commit(jobs, shed)), () => {
      for (const track of tracks) track.isBusy = false;
      this.#inFlight--;
      this.#start();
    });
    if (this.#inFlight === 0 && this.#depth() === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #depth(): number {
    return this.#tracks.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }
}
