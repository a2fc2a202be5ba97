import type { Bus, BusState } from "./bus.ts";

type Listener = (message: string, from: string) => void;

/** The bus inside one process: a single node, or several in a test that share one `LocalBroker`. */
export class LocalBroker {
  readonly #nodes = new Set<string>();
  readonly #channels = new Map<string, Set<{ nodeId: string; listener: Listener }>>();
  readonly #watchers = new Map<string, Set<(state: BusState) => void>>();
  readonly #away = new Set<string>();

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

  /** A node's end of the bus. */
  join(nodeId: string): Bus {
    const own = new Set<() => void>();
    const nodes = this.#nodes.add(nodeId);
    const away = this.#away;
    const watchers = new Set<(state: BusState) => void>();
    this.#watchers.set(nodeId, watchers);
    return {
      nodeId,
      mayHaveOthers: true,
      get isAlone() {
        return nodes.size === 1;
      },
      get state() {
        return away.has(nodeId) ? "away" : "connected";
      },
      neighbours: () => [...nodes].filter((node) => node !== nodeId),
      shared: undefined,
      publish: (channel, message) => {
        if (away.has(nodeId)) return;
        for (const { nodeId: to, listener } of this.#channels.get(channel) ?? []) {
          if (to !== nodeId && !away.has(to)) queueMicrotask(() => listener(message, nodeId));
        }
      },
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
      close: async () => {
        for (const leave of own) leave();
        nodes.delete(nodeId);
      },
    };
  }
}
