/** A value with subscribers, as React's `useSyncExternalStore` wants it. */
export interface Store<S> {
  getSnapshot(): S;
  /** Calls `listener` after changes; the returned function stops that. */
  subscribe(listener: () => void): () => void;
}

/** A store that only `reduce` changes. `schedule` may put off and so gather the notifications, never the change. */
export function createStore<S, A>(
  initial: S,
  reduce: (state: S, action: A) => S,
  schedule: (notify: () => void) => void = (notify) => notify(),
): Store<S> & { dispatch(action: A): void } {
  let state = initial;
  let told = true;
  const listeners = new Set<() => void>();
  const notify = () => {
    told = true;
    for (const listener of listeners) listener();
  };
  return {
    getSnapshot: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    dispatch(action) {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      if (!told) return;
      told = false;
      schedule(notify);
    },
  };
}
