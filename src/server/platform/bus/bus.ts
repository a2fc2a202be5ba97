/**
 * `alone`: there is no bridge. `connected`: what others publish arrives. `away`: nothing may come or go, and only the
 * database tells what happens elsewhere.
 */
export type BusState = "alone" | "connected" | "away";

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
  readonly state: BusState;
  /**
   * What this node says to itself has stayed away for a moment, and nobody knows why yet: what others publish may stay away
   * too. Either it comes after all, and nothing was lost, or the bridge is `away` soon.
   */
  readonly isSilent: boolean;
  /** Other nodes that this one has heard of, silent ones included until they are taken for gone. */
  neighbours(): readonly string[];
  /** What all nodes keep together beside the database; absent where there is nowhere to keep it. */
  readonly shared: Shared | undefined;
  /** Sends to every other node that listens to `channel`. Never waits: what cannot be sent is healed from the database. */
  publish(channel: string, message: string): void;
  /** Resolves when all that was published so far has been sent on, or dropped; `undefined`: it has. */
  carried(): Promise<void> | undefined;
  /**
   * Listens to `channel` until the result is called. Messages of one sender arrive in the order they were sent. `onLive`
   * is called once, later: what others publish from then on arrives, while what they published before may have been missed.
   */
  subscribe(channel: string, listener: (message: string, from: string) => void, onLive?: () => void): () => void;
  /**
   * Told of every new `state`, and `connected` also when it was so before but messages may have been lost: what was
   * missed is then to be read from the database. Until the result is called.
   */
  onState(listener: (state: BusState) => void): () => void;
  /** Told when {@link isSilent} becomes true. Until the result is called. */
  onSilence(listener: () => void): () => void;
  /** Told of the channel of each message that may have reached nobody. Until the result is called. */
  onDropped(listener: (channel: string) => void): () => void;
  close(): Promise<void>;
}

/** A script in Lua, which the bridge runs in one step. */
export interface Script {
  /** For logs and metrics. */
  readonly name: string;
  readonly lua: string;
}

/** Small, short-lived values that every node may read and change in one step. */
export interface Shared {
  /** The script's answer; `undefined` when the bridge is away or does not answer in time. Never rejects for that. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}
