import type { Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import type { ChosenStatus } from "./person.ts";
import { personsByKey } from "./store.ts";

/** How somebody wants to be seen. */
export interface Choice {
  readonly chosen: ChosenStatus;
  readonly showsLastSeen: boolean;
}

/** As it was told last, and by which node; `undefined`: by the database. */
interface Told extends Choice {
  readonly from: string | undefined;
  readonly at: number;
}

const rememberedMax = 50_000;
/** What two nodes tell of one person within this time may have come in either order. */
const crossingMs = 60_000;
const keysPerQuery = 500;
const tryAgainMs = 1_000;
/** After a loss everybody is asked for, no oftener than this. */
const allEveryMs = 10_000;

/**
 * What people have chosen lately, as the nodes tell each other. That has no number: it may be lost, or be overtaken by what
 * another node tells, and nobody notices. The database knows, so whoever is in doubt is asked for there.
 */
export class ChoicesTold {
  /** Of people who have lately chosen: what was read meanwhile may be older. */
  readonly #told = new RecentMap<number, Told>(rememberedMax);
  readonly #doubted = new Set<number>();
  #isAsking = false;
  #allAt = -Infinity;
  #areAllDue = false;
  #isStopped = false;
  #cancelAll = () => {};
  #cancelRetry = () => {};

  constructor(
    private readonly ctx: Pick<Context, "db" | "bus" | "clock" | "log">,
    /** Told what the database has of somebody who was in doubt. */
    private readonly learn: (userKey: number, choice: Choice) => void,
  ) {}

  get(userKey: number): Choice | undefined {
    return this.#told.get(userKey);
  }

  /** A node tells it. */
  take(userKey: number, { chosen, showsLastSeen }: Choice, from: string): void {
    const before = this.#told.get(userKey);
    const at = this.ctx.clock.now();
    this.#told.set(userKey, { chosen, showsLastSeen, from, at });
    if (before && before.from !== from && Math.abs(at - before.at) < crossingMs) this.doubt([userKey]);
  }

  /** What is held of these people may not be what they have chosen. */
  doubt(userKeys: Iterable<number>): void {
    if (!this.ctx.bus.mayHaveOthers) return;
    for (const key of userKeys) this.#doubted.add(key);
    if (this.#isAsking || this.#doubted.size === 0) return;
    this.#isAsking = true;
    void this.#ask();
  }

  /** Something was lost that may have been about anybody. */
  doubtAll(everybody: () => Iterable<number>): void {
    if (this.#areAllDue) return;
    const { clock } = this.ctx;
    const sinceMs = Math.max(0, clock.now() - this.#allAt);
    if (sinceMs >= allEveryMs) {
      this.#allAt = clock.now();
      this.doubt(everybody());
      return;
    }
    this.#areAllDue = true;
    this.#cancelAll = clock.after(allEveryMs - sinceMs, () => {
      this.#areAllDue = false;
      this.doubtAll(everybody);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelAll();
    this.#cancelRetry();
  }

  async #ask(): Promise<void> {
    while (this.#doubted.size > 0 && !this.#isStopped) {
      const keys = [...this.#doubted.values().take(keysPerQuery)];
      const before = new Map(keys.map((key) => [key, this.#told.get(key)]));
      for (const key of keys) this.#doubted.delete(key);
      try {
        for (const { key, chosen, showsLastSeen } of await personsByKey(this.ctx, keys)) {
          // Told meanwhile: which of the two is newer shows when they are asked for again.
          if (this.#told.get(key) !== before.get(key)) this.#doubted.add(key);
          else this.#found(key, { chosen, showsLastSeen });
        }
      } catch (error) {
        for (const key of keys) this.#doubted.add(key);
        this.ctx.log.warn("what people have chosen is read later", { people: this.#doubted.size, error });
        await new Promise<void>((resolve) => (this.#cancelRetry = this.ctx.clock.after(tryAgainMs, resolve)));
      }
    }
    this.#isAsking = false;
  }

  #found(userKey: number, choice: Choice): void {
    if (this.#told.get(userKey)) this.#told.set(userKey, { ...choice, from: undefined, at: this.ctx.clock.now() });
    this.learn(userKey, choice);
  }
}

export function isSame(one: Choice, other: Choice): boolean {
  return one.chosen === other.chosen && one.showsLastSeen === other.showsLastSeen;
}
