import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { always, type Leadership } from "./leadership.ts";

/** Periodic work. A run that fails is logged and comes again; runs of one job never overlap in a process. */
export class Jobs {
  #stops: (() => void)[] = [];
  #running = new Map<string, Promise<void>>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly leadership: Leadership = always,
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
      .catch((error: unknown) => this.log.error("a job failed", { job: name, error }))
      .finally(() => this.#running.delete(name));
    this.#running.set(name, run);
    return run;
  }

  /** No further run; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await Promise.all(this.#running.values());
    await this.leadership.stop();
  }
}
