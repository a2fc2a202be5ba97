import { RecentMap } from "./recent-map.ts";

/** Invalidation of caches by name, wired to the bus by `realtime/publish`. */
export class CacheRegistry {
  #drops = new Map<string, (key: string) => void>();

  register(name: string, drop: (key: string) => void): void {
    this.#drops.set(name, drop);
  }

  drop(name: string, key: string): void {
    this.#drops.get(name)?.(key);
  }
}

/**
 * What the database says, remembered. Loads of one key are shared; a load that an invalidation overtook is handed out
 * once and not kept, so a stale value never outlives its change.
 */
export class Cache<V extends object> {
  readonly #values: RecentMap<string, V>;
  #loading = new Map<string, Promise<V | undefined>>();

  constructor(
    max: number,
    private readonly load: (key: string) => Promise<V | undefined>,
  ) {
    this.#values = new RecentMap(max);
  }

  /** The value if it is in memory. */
  peek(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** The value; `undefined` when there is none in the database, which is not remembered. */
  async get(key: string): Promise<V | undefined> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const underWay = this.#loading.get(key);
    if (underWay) return underWay;
    const loading = this.load(key)
      .then((value) => {
        if (value !== undefined && this.#loading.get(key) === loading) this.#values.set(key, value);
        return value;
      })
      .finally(() => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
      });
    this.#loading.set(key, loading);
    return loading;
  }

  drop(key: string): void {
    this.#values.delete(key);
    this.#loading.delete(key);
  }
}
