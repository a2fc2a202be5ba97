import type { Bus } from "./bus.ts";

type Listener = (message: string, from: string) => void;

/** The bus inside one process: a single node, or several in a test that share one `LocalBroker`. */
export class LocalBroker {
  readonly #nodes = new Set<string>();
  readonly #channels = new Map<string, Set<{ nodeId: string; listener: Listener }>>();

  /** A node's end of the bus. */
  join(nodeId: string): Bus {
    const own = new Set<() => void>();
    const nodes = this.#nodes.add(nodeId);
    return {
      nodeId,
      mayHaveOthers: true,
      get isAlone() {
        return nodes.size === 1;
      },
      publish: (channel, message) => {
        for (const { nodeId: to, listener } of this.#channels.get(channel) ?? []) {
          if (to !== nodeId) queueMicrotask(() => listener(message, nodeId));
        }
      },
      subscribe: (channel, listener) => {
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
      close: async () => {
        for (const leave of own) leave();
        nodes.delete(nodeId);
      },
    };
  }
}
