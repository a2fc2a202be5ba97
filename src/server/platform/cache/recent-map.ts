/**
 * A map that remembers what was used lately: never more than `max` entries (G7), and the last half as many for certain. In
 * two generations, so that a hit moves nothing, and an empty one takes no memory for what it may hold once.
 */
export class RecentMap<K, V extends NonNullable<unknown>> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(
    private readonly max: number,
    /** Told of what is forgotten, not of what is deleted. */
    private readonly onForgotten?: (value: V) => void,
  ) {}

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.#add(key, old);
    }
    return old;
  }

  set(key: K, value: V): void {
    this.#old.delete(key);
    this.#add(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Forgets everything; `onForgotten` is not told. */
  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  /** Forgets what nobody asked for since this was called last. */
  forgetUnused(): void {
    const forgotten = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    if (this.onForgotten) for (const value of forgotten.values()) this.onForgotten(value);
  }

  *values(): Generator<V> {
    yield* this.#young.values();
    yield* this.#old.values();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #add(key: K, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size >= this.max / 2) this.forgetUnused();
  }
}
