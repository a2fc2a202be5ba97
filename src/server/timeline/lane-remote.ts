import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { RemoteDatabase, Statement } from "../platform/db/database.ts";
import { isContention, isOutOfService } from "../platform/db/errors.ts";
import { WriteLane } from "../platform/db/write-lane.ts";
import type { Appended, NewMessage } from "./append.ts";
import { appendToRemote } from "./append-remote.ts";
import { commitDecided } from "./commit-decided.ts";

const batchMax = 1_000;

/**
 * The write lane behind a network: a batch is one round trip, and whatever comes meanwhile goes together into the next.
 * Nothing is synced here, hence no thread of its own.
 */
export class RemoteLane {
  readonly timeline: WriteLane<NewMessage, Appended>;
  #isClosing = false;

  constructor(
    ctx: Context,
    private readonly db: RemoteDatabase,
    waitingMax: number,
  ) {
    this.timeline = new WriteLane({
      commit: (jobs) =>
        commitDecided(ctx, jobs, {
          append: (batch) => appendToRemote(db, batch),
          shed: () => this.timeline.shed(),
          isClosing: () => this.#isClosing,
        }),
      lock: db.writers,
      batchMax,
      waitingMax,
      metrics: ctx.metrics,
    });
  }

  /** See `runInLane`. */
  async run(statements: Statement[]): Promise<void> {
    try {
      await this.db.transact(statements);
    } catch (error) {
      throw isOutOfService(error) || isContention(error) ? new AppError("UNAVAILABLE", { retryAfterMs: 1_000 }) : error;
    }
  }

  /** What is in doubt stays so: the database cannot be asked any more. */
  stopAsking(): void {
    this.#isClosing = true;
  }
}
