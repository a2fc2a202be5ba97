import type { Context } from "../context.ts";
import type { PostgresDatabase } from "../platform/db/database.ts";
import { type Lane, ParallelLanes } from "../platform/db/parallel-lanes.ts";
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
  #isClosing = false;

  constructor(ctx: Context, db: PostgresDatabase, waitingMax: number) {
    this.timeline = new ParallelLanes({
      count: db.laneCount,
      laneOf: ({ room_key }: NewMessage) => room_key,
      commit: (jobs, shed) =>
        commitDecided(ctx, jobs, {
          append: (batch) => appendToPostgres(db, batch),
          shed,
          isClosing: () => this.#isClosing,
        }),
      batchMax,
      waitingMax: Math.ceil(waitingMax / db.laneCount),
      metrics: ctx.metrics,
    });
  }

  /** What is in doubt stays so: the database cannot be asked any more. */
  stopAsking(): void {
    this.#isClosing = true;
  }
}
