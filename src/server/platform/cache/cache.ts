import { RecentMap } from "./recent-map.ts";

/** How all of a cache is forgotten at once. */
interface Clearing {
  clear: () => void;
  /** Whether it says who may do what: while nodes do not hear of each other's changes, that must not stay for long. */
  holdsRights?: boolean;
}

/** Invalidation of caches by name, wired to the bus by `realtime/publish`. */
export class CacheRegistry {
  #drops = new Map<string, (key: string) => void>();
  #clearings: Clearing[] = [];

  register(name: string, drop: (key: string) => void, clearing?: Clearing): void {
    this.#drops.set(name, drop);
    if (clearing) this.#clearings.push(clearing);
  }

  drop(name: string, key: string): void {
    this.#drops.get(name)?.(key);
  }

  /** Forgets everything that another node may have changed without being heard; `rightsOnly`: who may do what. */
  clear({ rightsOnly = false } = {}): void {
    for (const { clear, holdsRights } of this.#clearings) if (holdsRights || !rightsOnly) clear();
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

  clear(): void {
    this.#values.clear();
    this.#loading.clear();
  }
}
