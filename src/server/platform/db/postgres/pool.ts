import { AppError } from "../../app-error.ts";
import type { Metrics } from "../../metrics.ts";
import { Unreachable } from "../errors.ts";
import { overloaded } from "../write-lane.ts";
import type { Health } from "./health.ts";
import { Line, usualSession } from "./line.ts";
import type { Watch } from "./watch.ts";

const usualWaitMs = 10_000;
const usualWaitingMax = 20_000;
/** Connections are renewed after this, so that a balancer or another address comes to bear. */
const ageMaxMs = 30 * 60_000;

interface PoolOptions {
  url: string;
  /** What it is for: a label of the metrics, and of the sessions in Postgres. */
  purpose: string;
  size: number;
  /**
   * How many may use a connection at once. Statements of their own wait for the event loop, not for Postgres, where it
   * is busy: one a turn and connection would be few.
   */
  sharedBy: number;
  health: Health;
  watch: Watch;
  /** Who waits longer for a connection is refused, and who comes when so many wait. */
  waitMs?: number;
  waitingMax?: number;
  metrics: Pick<Metrics, "databaseConnections" | "databaseWaiting" | "databaseRefused">;
}

interface Waiting {
  resolve: (line: Line) => void;
  reject: (error: unknown) => void;
  timer: Timer;
}

/**
 * Connections that are lent. Bounded at every end: so many connections, so many who wait for one, so long; and whoever
 * cannot be served is told so at once.
 */
export class Pool {
  /** With how many use each. */
  #lines = new Map<Line, number>();
  #connecting = 0;
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(private readonly options: PoolOptions) {}

  /**
   * Lends a connection to `work`, which leaves it as it found it. Throws {@link Unreachable} when there is none to be had,
   * `UNAVAILABLE` when too many want one, and what `work` throws.
   */
  async use<T>(work: (line: Line) => Promise<T>): Promise<T> {
    const line = await this.#take();
    try {
      return await work(line);
    } finally {
      this.#giveBack(line);
    }
  }

  /** Waits for those who have a connection, for some seconds at most. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(new AppError("UNAVAILABLE"));
    }
    await Promise.all([...this.#lines.keys()].map((line) => line.close()));
  }

  async #take(): Promise<Line> {
    if (this.#isClosed) throw new AppError("UNAVAILABLE");
    const [line, users] = this.#leastUsed();
    const isAtMost = this.#lines.size + this.#connecting >= this.options.size;
    if (line && (users === 0 || (isAtMost && users < this.options.sharedBy))) return this.#lend(line);
    if (!isAtMost) return this.#connect();
    const { waitMs = usualWaitMs, waitingMax = usualWaitingMax } = this.options;
    if (this.#waiting.length >= waitingMax) throw this.#refused();
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const waiting: Waiting = {
      resolve,
      reject,
      timer: setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        this.#count();
        reject(this.#refused());
      }, waitMs),
    };
    this.#waiting.push(waiting);
    this.#count();
    return promise;
  }

  async #connect(): Promise<Line> {
    const { url, purpose, health, watch } = this.options;
    const { refusal } = health;
    if (refusal) {
      this.#refuseAll(refusal);
      throw refusal;
    }
    this.#connecting++;
    this.#count();
    const beganAtMs = performance.now();
    try {
      const line = await Line.open(url, usualSession(purpose));
      watch.add(line);
      line.onDeath = () => this.#forget(line);
      health.answered();
      for (let more = 1; more < this.options.sharedBy && this.#waiting.length > 0; more++) {
        this.#next()?.resolve(this.#lend(line));
      }
      return this.#lend(line);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      if (health.failed(error, beganAtMs)) {
        this.#refuseAll(error);
        throw error;
      }
    } finally {
      this.#connecting--;
      this.#count();
    }
    return this.#connect();
  }

  /** Those who wait would hear the same, one after the other. */
  #refuseAll(error: Unreachable): void {
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }

  #giveBack(line: Line): void {
    const users = this.#lines.get(line);
    if (users === undefined) return;
    this.#lines.set(line, users - 1);
    if (users === 1 && line.ageMs > ageMaxMs) line.end();
    else this.#next()?.resolve(this.#lend(line));
    this.#count();
  }

  #lend(line: Line): Line {
    this.#lines.set(line, (this.#lines.get(line) ?? 0) + 1);
    this.#count();
    return line;
  }

  #leastUsed(): [Line | undefined, number] {
    let found: Line | undefined;
    let fewest = Infinity;
    for (const [line, users] of this.#lines) {
      if (users < fewest) [found, fewest] = [line, users];
      if (users === 0) break;
    }
    return [found, fewest];
  }

  /** A connection is gone; who waits gets another in its place. */
  #forget(line: Line): void {
    this.#lines.delete(line);
    this.options.watch.remove(line);
    const next = this.#isClosed ? undefined : this.#next();
    if (next) this.#connect().then(next.resolve, next.reject);
    this.#count();
  }

  #next(): Waiting | undefined {
    const next = this.#waiting.shift();
    clearTimeout(next?.timer);
    return next;
  }

  #refused(): AppError {
    this.options.metrics.databaseRefused.inc({ pool: this.options.purpose });
    return overloaded;
  }

  #count(): void {
    const { metrics, purpose } = this.options;
    const busy = [...this.#lines.values()].filter((users) => users > 0).length;
    metrics.databaseConnections.set({ pool: purpose, state: "busy" }, busy);
    metrics.databaseConnections.set({ pool: purpose, state: "idle" }, this.#lines.size - busy);
    metrics.databaseWaiting.set({ pool: purpose }, this.#waiting.length);
  }
}
