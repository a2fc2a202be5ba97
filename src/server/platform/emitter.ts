/** Tells listeners what happened, at once and in the order in which they came. */
export class Emitter<Events extends object> {
  readonly #listeners: { [N in keyof Events]?: ((event: Events[N]) => void)[] } = {};

  /** `fail` hears what a listener threw: one that fails must hurt neither the others nor who tells. */
  constructor(private readonly fail: (error: unknown, what: PropertyKey) => void) {}

  on<N extends keyof Events>(what: N, listener: (event: Events[N]) => void): void {
    (this.#listeners[what] ??= []).push(listener);
  }

  emit<N extends keyof Events>(what: N, event: Events[N]): void {
    for (const listener of this.#listeners[what] ?? []) {
      try {
        listener(event);
      } catch (error) {
        this.fail(error, what);
      }
    }
  }
}
