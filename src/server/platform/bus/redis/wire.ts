import { type Client, connectOnce } from "./connect.ts";
import type { Parcel } from "./link.ts";

/** All of a batch in one command: a fifth of what single commands cost this process, half of what they cost the server. */
const publishAll = (command: string) => `for i = 1, #ARGV, 2 do redis.call('${command}', ARGV[i], ARGV[i + 1]) end`;
const scripts = { everywhere: publishAll("PUBLISH"), sharded: publishAll("SPUBLISH") };

interface WireOptions {
  url: string;
  /** This node's own, for hearing itself. */
  canaryChannel: string;
  /** Channels belong to one member of a cluster each. */
  isSharded: boolean;
  hear: (text: string, channel: string) => void;
  /** Told when one of the connections is of no use any more. */
  lose: (reason: unknown) => void;
}

/** Two connections to one server: one that publishes and one that listens. Channels and keys are as the server names them. */
export class Wire {
  /** Rejects when they cannot be made. */
  readonly ready: Promise<unknown>;
  readonly #options: WireOptions;
  readonly #sender: Client;
  readonly #listener: Client;
  readonly #ends: (() => void)[];
  #echoes: (() => void)[] = [];

  constructor(options: WireOptions) {
    const { url, lose } = options;
    this.#options = options;
    const sender = connectOnce(url, lose);
    const listener = connectOnce(url, lose);
    this.#sender = sender.client;
    this.#listener = listener.client;
    this.#listener.on("sharded-channel-moved", () => lose(new Error("the cluster moved a channel")));
    this.#ends = [sender.end, listener.end];
    this.ready = Promise.all([sender.ready, listener.ready]).then(() => this.join([options.canaryChannel]));
  }

  /** Resolves when this node has heard itself. */
  async echo(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#echoes.push(resolve);
    await this.publishOne(this.#options.canaryChannel, "");
    await promise;
  }

  async publish(parcels: readonly Parcel[]): Promise<void> {
    const script = this.#options.isSharded ? scripts.sharded : scripts.everywhere;
    await this.#sender.sendCommand(["EVAL", script, "0", ...parcels.flat()]);
  }

  async join(channels: string[]): Promise<void> {
    if (this.#options.isSharded) await this.#listener.sSubscribe(channels, this.#hear);
    else await this.#listener.subscribe(channels, this.#hear);
  }

  async leave(channels: string[]): Promise<void> {
    if (this.#options.isSharded) await this.#listener.sUnsubscribe(channels);
    else await this.#listener.unsubscribe(channels);
  }

  async publishOne(channel: string, text: string): Promise<number> {
    const command = this.#options.isSharded ? "SPUBLISH" : "PUBLISH";
    return Number(await this.#sender.sendCommand([command, channel, text]));
  }

  run(lua: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#sender.sendCommand(["EVAL", lua, String(keys.length), ...keys, ...args]);
  }

  async probe(key: string): Promise<void> {
    await this.#sender.sendCommand(["SET", key, "", "PX", "1000"]);
  }

  end(): void {
    for (const end of this.#ends) end();
  }

  readonly #hear = (text: string, channel: string): void => {
    if (channel !== this.#options.canaryChannel) this.#options.hear(text, channel);
    // One canary brings home whoever waits: those before it may have been lost.
    else for (const resolve of this.#echoes.splice(0)) resolve();
  };
}
