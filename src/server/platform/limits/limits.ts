import { AppError } from "../app-error.ts";
import { RecentMap } from "../cache/recent-map.ts";
import type { Clock } from "../clock.ts";

/** A token bucket: `burst` at once, refilled by `perSecond`. */
export interface Rate {
  perSecond: number;
  burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets remembered at once (G7). What was not used lately is forgotten, which can only be generous. */
const bucketsMax = 50_000;

/** Token buckets by name and key, in this process. */
export class Limits {
  readonly #buckets = new RecentMap<string, Bucket>(bucketsMax);

  constructor(
    private readonly clock: Clock,
    /** `RATE_LIMITS`: when off, everything is let through. */
    readonly enabled: boolean,
  ) {}

  /** Takes one token; gives 0, or how many milliseconds to wait for the next one. */
  take(name: string, key: string, rate: Rate): number {
    if (!this.enabled) return 0;
    const bucket = this.#refill(name, key, rate);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - bucket.tokens) / rate.perSecond) * 1000);
  }

  /** Whether a token is there, without taking it: for limits that count failures only. */
  peek(name: string, key: string, rate: Rate): number {
    if (!this.enabled) return 0;
    const { tokens } = this.#refill(name, key, rate);
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / rate.perSecond) * 1000);
  }

  /** Gives a token back that was taken for something that turned out not to count. */
  giveBack(name: string, key: string, rate: Rate): void {
    if (!this.enabled) return;
    const bucket = this.#refill(name, key, rate);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
  }

  /** {@link take}, refusing with `RATE_LIMITED`. */
  demand(name: string, key: string, rate: Rate): void {
    const retryAfterMs = this.take(name, key, rate);
    if (retryAfterMs > 0) throw new AppError("RATE_LIMITED", { retryAfterMs });
  }

  #refill(name: string, key: string, rate: Rate): Bucket {
    const now = this.clock.now();
    const id = `${name} ${key}`;
    const bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      const fresh = { tokens: rate.burst, at: now };
      this.#buckets.set(id, fresh);
      return fresh;
    }
    // A clock set back must not take tokens away.
    const elapsedMs = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs / 1000) * rate.perSecond);
    bucket.at = now;
    return bucket;
  }
}
