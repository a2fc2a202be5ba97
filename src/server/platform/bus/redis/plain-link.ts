import { type Link, type LinkOptions, type Parcel, prefixFor } from "./link.ts";
import { Wire } from "./wire.ts";

/** A link over one server: every channel is heard there, in the order of the sender. */
export class PlainLink implements Link {
  readonly lost: Promise<unknown>;
  readonly #prefix: string;
  readonly #nodeId: string;
  readonly #lose: (reason: unknown) => void;
  readonly #wire: Wire;

  constructor({ url, prefix, nodeId, hear }: LinkOptions) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#lose = resolve;
    this.#prefix = prefix;
    this.#nodeId = nodeId;
    this.#wire = new Wire({
      url,
      canaryChannel: this.#name(`canary:${nodeId}`),
      isSharded: false,
      hear: (text, name) => hear(text, name.slice((name.startsWith(prefix) ? prefix : "parley:").length)),
      lose: resolve,
    });
  }

  get ready(): Promise<unknown> {
    return this.#wire.ready;
  }

  echo(): Promise<void> {
    return this.#wire.echo();
  }

  publish(parcels: readonly Parcel[]): Promise<void> {
    return this.#wire.publish(parcels.map(([channel, text]) => [this.#name(channel), text]));
  }

  publishOne(channel: string, text: string): Promise<number> {
    return this.#wire.publishOne(this.#name(channel), text);
  }

  join(channels: readonly string[]): Promise<void> {
    return this.#wire.join(channels.map(this.#name));
  }

  leave(channels: readonly string[]): Promise<void> {
    return this.#wire.leave(channels.map(this.#name));
  }

  run(lua: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#wire.run(
      lua,
      keys.map((key) => this.#prefix + key),
      args,
    );
  }

  probe(): Promise<void> {
    return this.#wire.probe(`${this.#prefix}probe:${this.#nodeId}`);
  }

  end(reason: unknown): void {
    this.#lose(reason);
    this.#wire.end();
  }

  readonly #name = (channel: string): string => prefixFor(channel, this.#prefix) + channel;
}
