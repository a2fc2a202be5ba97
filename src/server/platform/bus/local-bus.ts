import type { Bus, BusState } from "./bus.ts";

type Listener = (message: string, from: string) => void;

/** The bus inside one process: a single node, or several in a test that share one `LocalBroker`. */
export class LocalBroker {
  readonly #nodes = new Set<string>();
  readonly #channels = new Map<string, Set<{ nodeId: string; listener: Listener }>>();
  readonly #watchers = new Map<string, Set<(state: BusState) => void>>();
  readonly #onSilence = new Map<string, Set<() => void>>();
  readonly #away = new Set<string>();
  readonly #silent = new Set<string>();

  /** Nothing comes to this node or goes from it any more. */
  cut(nodeId: string): void {
    this.#away.add(nodeId);
    for (const watcher of this.#watchers.get(nodeId) ?? []) watcher("away");
  }

  /** Ends a {@link cut}; what was sent meanwhile is lost. */
  mend(nodeId: string): void {
    this.#away.delete(nodeId);
    for (const watcher of this.#watchers.get(nodeId) ?? []) watcher("connected");
  }

  /** Nothing comes to this node or goes from it, and it has only begun to wonder. */
  hush(nodeId: string): void {
    this.#silent.add(nodeId);
    for (const listener of this.#onSilence.get(nodeId) ?? []) listener();
  }

  /** Ends a {@link hush}; here, unlike on a real bus, what was sent meanwhile is lost all the same. */
  unhush(nodeId: string): void {
    this.#silent.delete(nodeId);
  }

  /** A node's end of the bus. */
  join(nodeId: string): Bus {
    const own = new Set<() => void>();
    const nodes = this.#nodes.add(nodeId);
    const away = this.#away;
    const silent = this.#silent;
    const watchers = new Set<(state: BusState) => void>();
    const onSilence = new Set<() => void>();
    const onDropped = new Set<(channel: string) => void>();
    const isDeaf = (node: string) => away.has(node) || silent.has(node);
    this.#watchers.set(nodeId, watchers);
    this.#onSilence.set(nodeId, onSilence);
    return {
      nodeId,
      mayHaveOthers: true,
      get isAlone() {
        return nodes.size === 1;
      },
      get state() {
        return away.has(nodeId) ? "away" : "connected";
      },
      get isSilent() {
        return silent.has(nodeId);
      },
      neighbours: () => [...nodes].filter((node) => node !== nodeId),
      shared: undefined,
      publish: (channel, message) => {
        if (isDeaf(nodeId)) {
          for (const tell of onDropped) tell(channel);
          return;
        }
        for (const { nodeId: to, listener } of this.#channels.get(channel) ?? []) {
          if (to !== nodeId && !isDeaf(to)) queueMicrotask(() => listener(message, nodeId));
        }
      },
      carried: () => undefined,
      subscribe: (channel, listener, onLive) => {
        if (onLive) queueMicrotask(onLive);
        const entry = { nodeId, listener };
        const entries = this.#channels.get(channel) ?? new Set();
        this.#channels.set(channel, entries.add(entry));
        const leave = () => {
          entries.delete(entry);
          if (entries.size === 0 && this.#channels.get(channel) === entries) this.#channels.delete(channel);
          own.delete(leave);
        };
        own.add(leave);
        return leave;
      },
      onState: (listener) => {
        watchers.add(listener);
        return () => void watchers.delete(listener);
      },
      onSilence: (listener) => {
        onSilence.add(listener);
        return () => void onSilence.delete(listener);
      },
      onDropped: (listener) => {
        onDropped.add(listener);
        return () => void onDropped.delete(listener);
      },
      close: async () => {
        for (const leave of own) leave();
        nodes.delete(nodeId);
      },
    };
  }
}
