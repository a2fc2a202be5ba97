import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import { AppError } from "../../app-error.ts";
import { isConnectionLost, isOutOfService, Unreachable } from "../errors.ts";
import type { Query } from "./line.ts";
import type { Pool } from "./pool.ts";

/** Runs reads on one connection to the replica: whatever stands behind its address, it is the same one each time. */
export type RunThere = <T>(query: Query<T>) => Promise<T>;

/** A replica is some milliseconds behind: it is asked again as often, with so much time between. */
const looksMax = 6;
const lookAgainMs = 5;
/** After it was behind for so long nobody waits for it; when it is away it is looked for as often. */
const pauseMs = 1_000;

/** A copy of the database that follows it, for reads that weigh. Whoever cannot be served there is served by the primary. */
export class Replica {
  #notBeforeMs = 0;
  /** Whoever asked it would only wait for nothing. */
  #isAway = false;
  #isClosed = false;

  constructor(
    private readonly pool: Pool,
    private readonly metrics: Pick<Metrics, "replicaReads">,
    private readonly log: Log,
  ) {}

  /**
   * What `work` reads there, once `hasReached` says that the replica knows what it has to know; `undefined` when it does
   * not within some 25 ms, or cannot be read.
   */
  async read<T>(
    hasReached: (run: RunThere) => Promise<boolean>,
    work: (run: RunThere) => Promise<T>,
  ): Promise<{ value: T } | undefined> {
    if (this.#isAway) return this.#failed();
    try {
      return await this.pool.use(async (line) => {
        const run: RunThere = (query) => line.run(query);
        const looks = performance.now() < this.#notBeforeMs ? 1 : looksMax;
        for (let look = 1; !(await hasReached(run)); look++) {
          if (look >= looks) {
            if (looks > 1) this.#notBeforeMs = performance.now() + pauseMs;
            this.metrics.replicaReads.inc({ outcome: "behind" });
            return undefined;
          }
          await Bun.sleep(lookAgainMs);
        }
        const value = await work(run);
        this.metrics.replicaReads.inc({ outcome: "read" });
        return { value };
      });
    } catch (error) {
      // A refusal is an answer: the message asked for does not exist.
      if (error instanceof AppError && error.code !== "UNAVAILABLE") throw error;
      if (error instanceof Unreachable || isConnectionLost(error)) void this.#lookForIt();
      // That it cannot be reached is said once, by the pool's own health.
      if (!(error instanceof Unreachable))
        this.log.warn("a read failed on the replica; the primary is asked", { error });
      return this.#failed();
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.pool.close();
  }

  #failed(): undefined {
    this.metrics.replicaReads.inc({ outcome: "failed" });
  }

  async #lookForIt(): Promise<void> {
    if (this.#isAway) return;
    this.#isAway = true;
    while (this.#isAway && !this.#isClosed) {
      await Bun.sleep(pauseMs);
      try {
        await this.pool.use((line) => line.run((sql) => sql`SELECT 1`));
        this.#isAway = false;
      } catch (error) {
        if (!isOutOfService(error) && !(error instanceof AppError)) throw error;
      }
    }
  }
}
