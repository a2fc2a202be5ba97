import type { Context } from "../context.ts";
import type { PostgresDatabase } from "../platform/db/database.ts";
import { Lock } from "../platform/db/lock.ts";
import { type Lane, ParallelLanes } from "../platform/db/parallel-lanes.ts";
import { WriteLane } from "../platform/db/write-lane.ts";
import type { Appended, NewMessage } from "./append.ts";
import { appendToPostgres } from "./append-postgres.ts";
import { commitDecided } from "./commit-decided.ts";

const batchMax = 1_000;

/**
 * The write lanes on Postgres: several batches are on their way at once, each on a connection of its own, of rooms that
 * share no lock. A room's messages go through one lane, in the order in which they came.
 */
export class PostgresLanes {
  readonly timeline: Lane<NewMessage, Appended>;
  readonly #depths: number[];
  #isClosing = false;

  constructor(ctx: Context, db: PostgresDatabase, waitingMax: number) {
    const { laneCount } = db;
    const { commitBatch, commitSeconds, laneDepth } = ctx.metrics;
    this.#depths = Array.from({ length: laneCount }, () => 0);
    const lanes = this.#depths.map((_, index) => {
      const set = (depth: number) => {
        this.#depths[index] = depth;
        laneDepth.set(this.#depths.reduce((sum, each) => sum + each, 0));
      };
      const lane: WriteLane<NewMessage, Appended> = new WriteLane({
        commit: (jobs) =>
          commitDecided(ctx, jobs, {
            append: (batch) => appendToPostgres(db, batch),
            shed: () => lane.shed(),
            isClosing: () => this.#isClosing,
          }),
        lock: new Lock(),
        batchMax,
        waitingMax: Math.ceil(waitingMax / laneCount),
        metrics: { commitBatch, commitSeconds, laneDepth: { set } },
      });
      return lane;
    });
    this.timeline = new ParallelLanes(lanes, ({ room_key }) => room_key);
  }

  /** What is in doubt stays so: the database cannot be asked any more. */
  stopAsking(): void {
    this.#isClosing = true;
  }
}
