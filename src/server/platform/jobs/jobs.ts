import { refusalIn } from "../app-error.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Leadership } from "./leadership.ts";

/** Periodic work. A run that fails is logged and comes again; runs of one job never overlap in a process. */
export class Jobs {
  #stops: (() => void)[] = [];
  #running = new Map<string, Promise<void>>();
  /** Jobs whose last run was refused with `UNAVAILABLE`. */
  #refused = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly leadership: Leadership,
  ) {}

  /** Runs `task` every `everyMs` until the server stops: for what each node has to do by itself. */
  every(name: string, everyMs: number, task: () => Promise<void>): void {
    this.#stops.push(this.clock.every(everyMs, () => void this.run(name, task)));
  }

  /** {@link every}, on one of all nodes: for what is to be done once for the whole installation. */
  everyOnOneNode(name: string, everyMs: number, task: () => Promise<void>): void {
    this.leadership.start();
    this.every(name, everyMs, async () => {
      if (await this.leadership.isMine()) await task();
    });
  }

  /** Runs `task` now, unless it is running already. */
  run(name: string, task: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name);
    if (running) return running;
    const run = task()
      .then(() => void this.#refused.delete(name))
      .catch((error: unknown) => this.#tell(name, error))
      .finally(() => this.#running.delete(name));
    this.#running.set(name, run);
    return run;
  }

  /** A database that is away is told by whoever lost it; of jobs that come often, only the first failure is news. */
  #tell(name: string, error: unknown): void {
    const isRefusal = refusalIn(error)?.code === "UNAVAILABLE";
    if (isRefusal && this.#refused.has(name)) return;
    if (isRefusal) this.#refused.add(name);
    this.log.error("a job failed", { job: name, error });
  }

  /** No further run; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await Promise.all(this.#running.values());
    await this.leadership.stop();
  }
}
