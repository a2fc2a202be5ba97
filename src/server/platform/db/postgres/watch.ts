import postgres from "postgres";
import { isConnectionLost, Unreachable } from "../errors.ts";
import type { Health } from "./health.ts";
import { Line, type Session } from "./line.ts";

interface Timing {
  everyMs: number;
  /** Few statements take so long: then Postgres is asked whether it is at them. */
  doubtAfterMs: number;
  /** Who gets no answer to that for so long has no connection to Postgres at all. */
  lookWithinMs: number;
  /** Longer than a session lets any statement take. */
  hopelessAfterMs: number;
}

/** Together less than the five seconds within which whoever reads is told. */
const usual: Timing = { everyMs: 250, doubtAfterMs: 1_000, lookWithinMs: 3_000, hopelessAfterMs: 20_000 };

const session: Session = { purpose: "watch", settings: { statement_timeout: "2s" } };

/**
 * Finds connections that are dead without saying so: the network swallows what is sent, and no end of it is told. A
 * statement that takes long looks the same from here, but not from there. So Postgres is asked, on a connection of its
 * own, whether it is at something for those that have been silent for a second. Where it is not, twice, a question or an
 * answer was lost, and the connection is ended; where nobody answers, all are that are silent. Whoever waits on one is
 * told that it was lost.
 */
export class Watch {
  readonly #lines = new Set<Line>();
  /** Silent lines that Postgres was not at anything for, with when they had said their last. */
  #suspects = new Map<Line, number>();
  #timer: Timer | undefined;
  #isLooking = false;
  /** Kept while there is something to ask it. */
  #own: Line | undefined;

  constructor(
    private readonly url: string,
    private readonly health: Health,
    private readonly timing: Timing = usual,
  ) {}

  add(line: Line): void {
    this.#lines.add(line);
    this.#timer ??= setInterval(() => void this.#sweep(), this.timing.everyMs);
  }

  remove(line: Line): void {
    this.#lines.delete(line);
    if (this.#lines.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#rest();
  }

  async #sweep(): Promise<void> {
    const silent = this.#silent();
    for (const line of silent) if (line.silentMs >= this.timing.hopelessAfterMs) line.end();
    if (this.#isLooking) return;
    if (silent.length === 0) return this.#rest();
    this.#isLooking = true;
    await this.#look(silent).finally(() => (this.#isLooking = false));
  }

  #silent(): Line[] {
    return [...this.#lines].filter((line) => line.silentMs >= this.timing.doubtAfterMs);
  }

  #rest(): void {
    this.#own?.end();
    this.#own = undefined;
    this.#suspects.clear();
  }

  async #look(silent: Line[]): Promise<void> {
    let busy: Set<number>;
    const beganAtMs = performance.now();
    try {
      busy = await this.#busy(silent.map(({ pid }) => pid));
    } catch (error) {
      // An error is an answer: it is there, and full for example.
      if (isAnswer(error)) return;
      if (!(error instanceof Unreachable)) throw error;
      if (this.#lines.size > 0) this.health.failed(error, beganAtMs);
      for (const line of this.#silent()) line.end();
      return;
    }
    const suspects = new Map<Line, number>();
    for (const line of silent) {
      if (busy.has(line.pid)) continue;
      if (this.#suspects.get(line) === line.heardMs) line.end();
      else suspects.set(line, line.heardMs);
    }
    this.#suspects = suspects;
  }

  /** Those of these processes that are at a statement. Throws {@link Unreachable}. */
  async #busy(pids: number[]): Promise<Set<number>> {
    const { lookWithinMs } = this.timing;
    const begunMs = performance.now();
    const own = this.#own?.isDead === false ? this.#own : await Line.open(this.url, session, lookWithinMs);
    this.#own = own;
    if (this.#lines.size === 0) this.#rest();
    const tooLate = setTimeout(() => own.end(), lookWithinMs - (performance.now() - begunMs));
    try {
      const rows = await own.run(
        (sql) => sql<{ pid: number }[]>`
          SELECT pid FROM pg_stat_activity WHERE pid = ANY(string_to_array(${pids.join()}, ',')::int[]) AND state NOT LIKE 'idle%'`,
      );
      return new Set(rows.map(({ pid }) => pid));
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      throw new Unreachable("it does not answer", { cause: error });
    } finally {
      clearTimeout(tooLate);
    }
  }
}

/** Whether Postgres itself has said it. */
function isAnswer(error: unknown): boolean {
  if (error instanceof Unreachable) return isAnswer(error.cause);
  return error instanceof postgres.PostgresError;
}
