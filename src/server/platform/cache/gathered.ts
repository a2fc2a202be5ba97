import { nextTurn } from "../turn.ts";

/** Parameters of one statement stay far below what either database takes. */
const keysPerLoad = 50;

/**
 * Loads by key that share a query: what is asked for in one turn of the event loop goes to the database together. Ten
 * thousand people who come at once cost a few hundred queries, not ten thousand.
 */
export class Gathered<K, V> {
  #waiting = new Map<K, PromiseWithResolvers<V | undefined>>();

  constructor(private readonly load: (keys: K[]) => Promise<ReadonlyMap<K, V>>) {}

  /** What the database has under `key`, read after this call; `undefined`: nothing. */
  get(key: K): Promise<V | undefined> {
    const known = this.#waiting.get(key);
    if (known) return known.promise;
    const asked = Promise.withResolvers<V | undefined>();
    this.#waiting.set(key, asked);
    if (this.#waiting.size === 1) setImmediate(() => void this.#loadAll());
    return asked.promise;
  }

  async #loadAll(): Promise<void> {
    const waiting = [...this.#waiting];
    this.#waiting = new Map();
    for (let at = 0; at < waiting.length; at += keysPerLoad) {
      if (at > 0) await nextTurn();
      const part = waiting.slice(at, at + keysPerLoad);
      try {
        const found = await this.load(part.map(([key]) => key));
        for (const [key, { resolve }] of part) resolve(found.get(key));
      } catch (error) {
        for (const [, { reject }] of part) reject(error);
      }
    }
  }
}
