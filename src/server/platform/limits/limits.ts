import { AppError } from "../app-error.ts";
import type { Shared } from "../bus/bus.ts";
import { RecentMap } from "../cache/recent-map.ts";
import type { Clock } from "../clock.ts";
import { askSharedBucket, type SharedAnswer } from "./shared-bucket.ts";

/** A token bucket: `burst` at once, refilled by `perSecond`. */
export interface Rate {
  perSecond: number;
  burst: number;
  /**
   * Taken on this node without asking, and settled with the others a second later, if it was much: for what must not wait
   * for the bridge.
   */
  isSettled?: true;
}

interface Bucket {
  tokens: number;
  at: number;
  /** Taken since the last settling, as of the one with this number. */
  taken: number;
  settling: number;
}

/** A bucket of which enough was taken to settle it. */
interface Busy {
  name: string;
  key: string;
  rate: Rate;
  bucket: Bucket;
}

/** Buckets remembered at once of each name (G7). What was not used lately is forgotten, which can only be generous. */
const bucketsMax = 50_000;
const settleEveryMs = 1_000;
/**
 * Less than this part of what is allowed in a second need not be settled: hardly anybody types faster. Of more nodes each
 * lets less pass so: all together never more than is allowed.
 */
const uncountedPart = 1 / 4;

/**
 * Token buckets by name and key: in this process, and where there are other nodes also with them. Without the bridge the
 * ones here go on alone.
 */
export class Limits {
  /** By name, then by key: a text made of both would be a hundred bytes more for everybody who is connected. */
  readonly #buckets = new Map<string, RecentMap<string, Bucket>>();
  #settling = 0;
  #busy: Busy[] = [];
  #uncounted = uncountedPart;

  constructor(
    private readonly clock: Clock,
    /** `RATE_LIMITS`: when off, everything is let through. */
    readonly enabled: boolean,
    private readonly shared?: Shared,
    /** How many nodes there are, as far as is known. */
    private readonly nodes = () => 1,
  ) {}

  /** Begins to settle with other nodes what was taken here without asking them; the result ends it. */
  start(): () => void {
    const { shared } = this;
    if (!this.enabled || !shared) return () => {};
    return this.clock.every(settleEveryMs, () => void this.#settle(shared));
  }

  /** Takes one token on this node; gives 0, or how many milliseconds to wait for the next one. */
  take(name: string, key: string, rate: Rate): number {
    if (!this.enabled) return 0;
    const bucket = this.#refill(name, key, rate);
    if (bucket.tokens < 1) return waitFor(bucket.tokens, rate);
    bucket.tokens -= 1;
    if (this.shared && rate.isSettled) this.#count({ name, key, rate, bucket });
    return 0;
  }

  /** Whether a token is there, without taking it: for limits that count failures only. */
  peek(name: string, key: string, rate: Rate): number {
    if (!this.enabled) return 0;
    const { tokens } = this.#refill(name, key, rate);
    return tokens >= 1 ? 0 : waitFor(tokens, rate);
  }

  /** Gives a token back that was taken for something that turned out not to count. */
  giveBack(name: string, key: string, rate: Rate): void {
    if (!this.enabled) return;
    const bucket = this.#refill(name, key, rate);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
  }

  /** {@link take}, refusing with `RATE_LIMITED`. */
  demand(name: string, key: string, rate: Rate): void {
    refuseFor(this.take(name, key, rate));
  }

  /** {@link take} on all nodes together. Whoever has used up what one node allows is refused without asking the others. */
  async takeOfAll(name: string, key: string, rate: Rate): Promise<number> {
    const waitMs = this.take(name, key, rate);
    if (waitMs > 0) return waitMs;
    const answer = await this.#ask(name, key, rate, 1);
    return answer && !answer.isTaken ? waitFor(answer.tokens, rate) : 0;
  }

  /** {@link peek} on all nodes together. */
  async peekOfAll(name: string, key: string, rate: Rate): Promise<number> {
    const waitMs = this.peek(name, key, rate);
    if (waitMs > 0) return waitMs;
    const answer = await this.#ask(name, key, rate, 0);
    return answer && answer.tokens < 1 ? waitFor(answer.tokens, rate) : 0;
  }

  /** {@link giveBack} to all nodes. */
  async giveBackToAll(name: string, key: string, rate: Rate): Promise<void> {
    this.giveBack(name, key, rate);
    await this.#ask(name, key, rate, -1);
  }

  /** {@link takeOfAll}, refusing with `RATE_LIMITED`. */
  async demandOfAll(name: string, key: string, rate: Rate): Promise<void> {
    refuseFor(await this.takeOfAll(name, key, rate));
  }

  /** `undefined`: nobody but this node says anything. */
  async #ask(name: string, key: string, rate: Rate, count: number): Promise<SharedAnswer | undefined> {
    if (!this.enabled || !this.shared) return undefined;
    const answer = await askSharedBucket(this.shared, { name, key, rate }, count);
    if (answer) this.#adopt(this.#refill(name, key, rate), answer);
    return answer;
  }

  /** There is no more here than on all nodes together: so a flood is refused without asking again. */
  #adopt(bucket: Bucket, { tokens }: SharedAnswer): void {
    bucket.tokens = Math.min(bucket.tokens, tokens);
  }

  #count(busy: Busy): void {
    const { bucket, rate } = busy;
    if (bucket.settling !== this.#settling) {
      bucket.settling = this.#settling;
      bucket.taken = 0;
    }
    bucket.taken++;
    if (bucket.taken === Math.floor(rate.perSecond * this.#uncounted) + 1) this.#busy.push(busy);
  }

  async #settle(shared: Shared): Promise<void> {
    this.#settling++;
    this.#uncounted = Math.min(uncountedPart, 1 / this.nodes());
    const busy = this.#busy;
    this.#busy = [];
    await Promise.all(
      busy.map(async ({ name, key, rate, bucket }) => {
        const answer = await askSharedBucket(shared, { name, key, rate }, bucket.taken, { mayOwe: true });
        if (answer) this.#adopt(bucket, answer);
      }),
    );
  }

  #named(name: string): RecentMap<string, Bucket> {
    let buckets = this.#buckets.get(name);
    if (!buckets) {
      buckets = new RecentMap(bucketsMax);
      this.#buckets.set(name, buckets);
    }
    return buckets;
  }

  #refill(name: string, key: string, rate: Rate): Bucket {
    const now = this.clock.now();
    const buckets = this.#named(name);
    const bucket = buckets.get(key);
    if (bucket === undefined) {
      const fresh = { tokens: rate.burst, at: now, taken: 0, settling: 0 };
      buckets.set(key, fresh);
      return fresh;
    }
    // A clock set back must not take tokens away.
    const elapsedMs = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs / 1000) * rate.perSecond);
    bucket.at = now;
    return bucket;
  }
}

function waitFor(tokens: number, { perSecond }: Rate): number {
  return Math.ceil(((1 - tokens) / perSecond) * 1_000);
}

function refuseFor(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new AppError("RATE_LIMITED", { retryAfterMs });
}
