/**
 * What carries events between nodes. Delivery inside a node is the hub's; a node never hears itself.
 * One contract suite (`test/contract/bus.ts`) holds every implementation to this.
 */
export interface Bus {
  /** Names this node among all. */
  readonly nodeId: string;
  /** Whether there may ever be another node; otherwise nobody need listen. */
  readonly mayHaveOthers: boolean;
  /** Whether there is no other node, so that nothing need be serialised for one. */
  readonly isAlone: boolean;
  /** Sends to every other node that listens to `channel`. Never waits: what cannot be sent is healed from the database. */
  publish(channel: string, message: string): void;
  /** Listens to `channel` until the result is called. Messages of one sender arrive in the order they were sent. */
  subscribe(channel: string, listener: (message: string, from: string) => void): () => void;
  close(): Promise<void>;
}
