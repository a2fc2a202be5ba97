import { AppError } from "../../app-error.ts";
import type { Metrics } from "../../metrics.ts";
import { Unreachable } from "../errors.ts";
import { overloaded } from "../write-lane.ts";
import type { Health } from "./health.ts";
import { Line, usualSession } from "./line.ts";

/** Who waits longer for a connection is refused, and who comes when so many wait. */
const waitMs = 10_000;
const waitingMax = 20_000;
/** Connections are renewed after this, so that a balancer or another address comes to bear. */
const ageMaxMs = 30 * 60_000;
/** After a failure to connect the next ones are refused at once for so long. */
const pauseMs = 200;

interface PoolOptions {
  url: string;
  /** What it is for: a label of the metrics, and of the sessions in Postgres. */
  purpose: string;
  size: number;
  health: Health;
  metrics: Pick<Metrics, "databaseConnections" | "databaseWaiting" | "databaseRefused">;
}

interface Waiting {
  resolve: (line: Line) => void;
  reject: (error: unknown) => void;
  timer: Timer;
}

/**
 * Connections that are lent to one at a time. Bounded at every end: so many connections, so many who wait for one, so
 * long; and whoever cannot be served is told so at once.
 */
export class Pool {
  #idle: Line[] = [];
  /** Lent, idle, and on their way. */
  #lines = new Set<Line>();
  #connecting = 0;
  #waiting: Waiting[] = [];
  #failed: { error: Unreachable; atMs: number } | undefined;
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
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(new AppError("UNAVAILABLE"));
    }
    await Promise.all([...this.#lines].map((line) => line.close()));
  }

  async #take(): Promise<Line> {
    if (this.#isClosed) throw new AppError("UNAVAILABLE");
    const idle = this.#idle.pop();
    if (idle) {
      this.#count();
      return idle;
    }
    if (this.#lines.size + this.#connecting < this.options.size) return this.#connect();
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
    const { url, purpose, health } = this.options;
    if (this.#failed && performance.now() - this.#failed.atMs < pauseMs) throw this.#failed.error;
    this.#connecting++;
    this.#count();
    try {
      const line = await Line.open(url, usualSession(purpose));
      line.onDeath = () => this.#forget(line);
      this.#failed = undefined;
      this.#lines.add(line);
      health.answered();
      return line;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.#failed = { error, atMs: performance.now() };
      health.failed(error);
      // They would hear the same, one after the other.
      for (const { reject, timer } of this.#waiting.splice(0)) {
        clearTimeout(timer);
        reject(error);
      }
      throw error;
    } finally {
      this.#connecting--;
      this.#count();
    }
  }

  #giveBack(line: Line): void {
    if (!line.isDead && (this.#isClosed || line.ageMs > ageMaxMs)) line.end();
    if (!line.isDead) {
      const next = this.#next();
      if (next) next.resolve(line);
      else this.#idle.push(line);
    }
    this.#count();
  }

  /** A connection is gone; who waits gets another in its place. */
  #forget(line: Line): void {
    this.#lines.delete(line);
    const index = this.#idle.indexOf(line);
    if (index !== -1) this.#idle.splice(index, 1);
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
    metrics.databaseConnections.set({ pool: purpose, state: "idle" }, this.#idle.length);
    metrics.databaseConnections.set({ pool: purpose, state: "busy" }, this.#lines.size - this.#idle.length);
    metrics.databaseWaiting.set({ pool: purpose }, this.#waiting.length);
  }
}
