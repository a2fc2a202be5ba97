import type { Context } from "../context.ts";
import type { PostgresDatabase } from "../platform/db/database.ts";
import { isConnectionLost, isContention, isOutOfService } from "../platform/db/errors.ts";
import { Lock } from "../platform/db/lock.ts";
import { type Lane, ParallelLanes } from "../platform/db/parallel-lanes.ts";
import { unavailable } from "../platform/db/postgres/transaction.ts";
import { WriteLane } from "../platform/db/write-lane.ts";
import type { Appended, NewMessage } from "./append.ts";
import { appendToPostgres } from "./append-postgres.ts";

const batchMax = 1_000;
/** While it is not known what became of a batch it is asked this often, and who waits behind it is refused. */
const askAgainMs = { first: 20, most: 500 };

/**
 * The write lanes on Postgres: several batches are on their way at once, each on a connection of its own, of rooms that
 * share no lock. A room's messages go through one lane, in the order in which they came.
 */
export class PostgresLanes {
  readonly timeline: Lane<NewMessage, Appended>;
  readonly #depths: number[];
  #isClosing = false;

  constructor(
    private readonly ctx: Context,
    private readonly db: PostgresDatabase,
    waitingMax: number,
  ) {
    const { laneCount } = db;
    const { commitBatch, commitSeconds, laneDepth } = ctx.metrics;
    this.#depths = Array.from({ length: laneCount }, () => 0);
    const lanes = this.#depths.map((_, index) => {
      const set = (depth: number) => {
        this.#depths[index] = depth;
        laneDepth.set(this.#depths.reduce((sum, each) => sum + each, 0));
      };
      const lane: WriteLane<NewMessage, Appended> = new WriteLane({
        commit: (jobs) => this.#commit(jobs, () => lane.shed()),
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

  /**
   * A batch whose connection broke may be stored or not. Neither may be said before it is known: what is stored must be
   * shown to the room, and a person whose message was refused would write it once more. So it is offered again until the
   * database answers, which stores each of its messages once.
   */
  async #commit(jobs: NewMessage[], shed: () => void): Promise<Appended[]> {
    let isInDoubt = false;
    for (let delayMs = 0; ; delayMs = Math.min(Math.max(delayMs * 2, askAgainMs.first), askAgainMs.most)) {
      if (delayMs > 0) await Bun.sleep(delayMs);
      try {
        return await appendToPostgres(this.db, jobs);
      } catch (error) {
        if (!isInDoubt && isConnectionLost(error)) {
          this.ctx.log.warn("the connection was lost while messages were stored; asking what became of them", {
            messages: jobs.length,
          });
        }
        isInDoubt ||= isConnectionLost(error);
        if (isInDoubt && isOutOfService(error) && !this.#isClosing) {
          shed();
          continue;
        }
        if (!isOutOfService(error) && !isContention(error)) throw error;
        // Nothing of it was stored, and sending again is harmless. That Postgres is away is in the log already.
        throw unavailable();
      }
    }
  }
}
