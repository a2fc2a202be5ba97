/** Who wants to be told of one kind of thing. */
export class Listeners<T> {
  readonly #all = new Set<(event: T) => void>();

  /** `fail` hears what a listener threw: it must hurt neither the others nor who tells. */
  constructor(private readonly fail: (error: unknown) => void) {}

  /** Tells `listener` from now on, until the result is called. */
  add(listener: (event: T) => void): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  tell(event: T): void {
    for (const listener of this.#all) {
      try {
        listener(event);
      } catch (error) {
        this.fail(error);
      }
    }
  }
}
