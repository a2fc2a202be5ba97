/** One PUBLISH: a channel, and what goes there. */
export type Parcel = readonly [channel: string, text: string];

export interface LinkOptions {
  url: string;
  /** Before every channel and key, so that several installations can share a bridge. */
  prefix: string;
  nodeId: string;
  hear: (text: string, channel: string) => void;
}

/**
 * What carries this node's messages until it breaks. Then it is of no use any more: its owner makes another, and catches
 * up on what fell between. Channels and keys are the bus's own; how the bridge names them is the link's affair.
 */
export interface Link {
  /** Resolves with the reason when this link carries no longer. */
  readonly lost: Promise<unknown>;
  /** Rejects when it could not be made. */
  readonly ready: Promise<unknown>;
  /** Resolves when this node has heard itself, everywhere where it may be heard. */
  echo(): Promise<unknown>;
  publish(parcels: readonly Parcel[]): Promise<unknown>;
  /** Gives how many listened, this node's own ear included. */
  publishOne(channel: string, text: string): Promise<number>;
  join(channels: readonly string[]): Promise<unknown>;
  leave(channels: readonly string[]): Promise<unknown>;
  run(lua: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Writes something that soon goes by itself: whether that is allowed. */
  probe(): Promise<unknown>;
  /** Gives it up, for this reason. */
  end(reason: unknown): void;
}

/** A channel of this name belongs to all installations that share a bridge, not to one. */
export const commonChannel = "common:installations";

/** As a bridge names them: one that is common to all installations, or one of this. */
export function prefixFor(channel: string, prefix: string): string {
  return channel === commonChannel ? "parley:" : prefix;
}
