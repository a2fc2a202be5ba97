import { AppError } from "../app-error.ts";
import type { Metrics } from "../metrics.ts";
import type { Settle } from "../settle.ts";
import type { Lock } from "./lock.ts";

/** One for all: under a flood, making an error for each would cost as much as a job. */
export const overloaded = new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });

/** A job, and who hears what became of it. */
export interface Pending<Job, Outcome> extends Settle<Outcome> {
  readonly job: Job;
}

export type LaneMetrics = Pick<Metrics, "commitBatch" | "commitSeconds" | "laneDepth">;

interface LaneOptions<Job, Outcome> {
  /** Commits a batch in one transaction; one outcome a job, in order. A rejection refuses the whole batch. */
  commit: (jobs: Job[]) => Promise<Outcome[]>;
  /** Held while a batch is in flight, so that no other writer of the process meets it. */
  lock: Lock;
  batchMax: number;
  /** Jobs waiting beyond this are refused with `UNAVAILABLE` (G7). */
  waitingMax: number;
  metrics: LaneMetrics;
}

/**
 * Group commit: what arrives while one transaction is being synced to disk goes together into the next one.
 * Pipelined: the next batch is handed to the database before the outcomes of the last one are, so that the database
 * works while this thread sends frames.
 */
export class WriteLane<Job, Outcome> {
  #waiting: Pending<Job, Outcome>[] = [];
  #isRunning = false;
  #whenIdle: (() => void)[] = [];
  #dead: Error | undefined;

  constructor(private readonly options: LaneOptions<Job, Outcome>) {}

  /** Resolves with the job's outcome after its transaction is on disk. Jobs are committed in the order of the calls. */
  add(job: Job): Promise<Outcome> {
    return new Promise((resolve, reject) => this.submit({ job, done: resolve, failed: reject }));
  }

  /** As many jobs wait as may: the next one would be refused. */
  get isFull(): boolean {
    return this.#waiting.length >= this.options.waitingMax;
  }

  /** {@link add} without a promise. What `done` throws goes to `failed`. */
  submit(pending: Pending<Job, Outcome>): void {
    if (this.#dead || this.isFull) {
      pending.failed(overloaded);
      return;
    }
    this.#waiting.push(pending);
    if (this.#isRunning) return;
    this.#isRunning = true;
    // One turn later, so that everything that arrived in this turn of the event loop shares the transaction.
    setImmediate(() => void this.#run());
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    return this.#isRunning ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  /** Nothing can be committed any more. */
  get isDead(): boolean {
    return this.#dead !== undefined;
  }

  /** Refuses what waits now: what is in flight takes too long for them. */
  shed(): void {
    for (const pending of this.#waiting.splice(0)) pending.failed(overloaded);
    this.options.metrics.laneDepth.set(0);
  }

  /** Refuses everything that waits and all that comes: the database behind the lane is gone. */
  fail(error: Error): void {
    this.#dead = error;
    for (const pending of this.#waiting.splice(0)) pending.failed(new AppError("UNAVAILABLE"));
  }

  async #run(): Promise<void> {
    const { lock } = this.options;
    while (this.#waiting.length > 0) {
      await lock.acquire();
      let inFlight = this.#post();
      while (inFlight) {
        const { batch, committed } = inFlight;
        await tellAll(batch, committed, () => {
          inFlight = this.#waiting.length > 0 && !lock.isWanted ? this.#post() : undefined;
          if (!inFlight) lock.release();
        });
      }
    }
    this.options.metrics.laneDepth.set(0);
    this.#isRunning = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #post() {
    const { commit, batchMax, metrics } = this.options;
    const batch = this.#waiting.splice(0, batchMax);
    metrics.laneDepth.set(this.#waiting.length);
    if (batch.length === 0) return undefined;
    const jobs = batch.map(({ job }) => job);
    return { batch, committed: observed(metrics, jobs, commit(jobs)) };
  }
}

/** Counts and times a batch. */
export function observed<Job, Outcome>(
  { commitBatch, commitSeconds }: LaneMetrics,
  jobs: readonly Job[],
  committed: Promise<Outcome[]>,
): Promise<Outcome[]> {
  commitBatch.observe(jobs.length);
  return committed.finally(commitSeconds.startTimer());
}

/** Gives each of a batch its outcome when it is committed, or why it is not; the next one is posted before, by `onDecided`. */
export async function tellAll<Job, Outcome>(
  batch: readonly Pending<Job, Outcome>[],
  committed: Promise<Outcome[]>,
  onDecided: () => void,
): Promise<void> {
  const outcomes = await committed.then(
    (value) => ({ ok: true as const, value }),
    (error: unknown) => ({ ok: false as const, error }),
  );
  onDecided();
  for (let index = 0; index < batch.length; index++) {
    const pending = batch[index];
    const outcome = outcomes.ok ? outcomes.value[index] : undefined;
    if (outcome === undefined) pending?.failed(outcomes.ok ? new Error("a job has no outcome") : outcomes.error);
    else if (pending) tell(pending, outcome);
  }
}

/** One who cannot bear the outcome must not keep it from the others. */
function tell<Outcome>(settle: Settle<Outcome>, outcome: Outcome): void {
  try {
    settle.done(outcome);
  } catch (error) {
    settle.failed(error);
  }
}
