import { z } from "zod";
import { connectOnce } from "./connect.ts";
import { slotOf } from "./hash-slot.ts";
import { type Link, type LinkOptions, type Parcel, prefixFor } from "./link.ts";
import { Wire } from "./wire.ts";

/**
 * Channels go into so many buckets, each of which a member of the cluster has as a whole: so channels can be joined, and
 * messages sent, many at a time. Too few spread badly, too many make the batches small.
 */
const bucketCount = 16;

/** `CLUSTER SLOTS`: from which slot to which, and who has them; the first is the primary. */
const slotsAnswer = z.array(
  z.tuple([z.number(), z.number(), z.tuple([z.string().nullable(), z.number()]).rest(z.unknown())]).rest(z.unknown()),
);

/**
 * A link over a cluster, whose members carry the channels between them. One that leaves, or that hands channels on, ends
 * the link: the next finds the cluster as it then is. The order of a sender holds within each channel.
 */
export class ShardedLink implements Link {
  readonly lost: Promise<unknown>;
  readonly ready: Promise<unknown>;
  readonly #options: LinkOptions;
  readonly #lose: (reason: unknown) => void;
  readonly #ends: (() => void)[] = [];
  readonly #wires = new Map<string, Wire>();
  readonly #byBucket: Wire[] = [];
  #isEnded = false;

  /** `members` remembers the cluster from one link to the next: the one that `url` names may be gone. */
  constructor(
    options: LinkOptions,
    private readonly members: string[],
  ) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#options = options;
    this.lost = promise;
    this.#lose = resolve;
    this.ready = this.#open();
  }

  echo(): Promise<unknown> {
    return Promise.all([...this.#wires.values()].map((wire) => wire.echo()));
  }

  publish(parcels: readonly Parcel[]): Promise<unknown> {
    const byBucket = Map.groupBy(parcels, ([channel]) => bucketOf(channel));
    return Promise.all(
      [...byBucket].map(([bucket, some]) =>
        this.#wire(bucket).publish(some.map(([channel, text]) => [this.#name(channel), text])),
      ),
    );
  }

  publishOne(channel: string, text: string): Promise<number> {
    return this.#wire(bucketOf(channel)).publishOne(this.#name(channel), text);
  }

  join(channels: readonly string[]): Promise<unknown> {
    const byBucket = Map.groupBy(channels, bucketOf);
    return Promise.all([...byBucket].map(([bucket, some]) => this.#wire(bucket).join(some.map(this.#name))));
  }

  leave(channels: readonly string[]): Promise<unknown> {
    const byBucket = Map.groupBy(channels, bucketOf);
    return Promise.all([...byBucket].map(([bucket, some]) => this.#wire(bucket).leave(some.map(this.#name))));
  }

  /** All keys of the installation live in one bucket, so that a script may use any of them together. */
  run(lua: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const { prefix } = this.#options;
    return this.#wire(0).run(
      lua,
      keys.map((key) => `${prefix}{0}${key}`),
      args,
    );
  }

  probe(): Promise<unknown> {
    const { prefix, nodeId } = this.#options;
    return Promise.all(
      [...this.#wires.values()].map((wire) => wire.probe(`${prefix}{${this.#byBucket.indexOf(wire)}}probe:${nodeId}`)),
    );
  }

  end(reason: unknown): void {
    this.#isEnded = true;
    this.#lose(reason);
    for (const end of this.#ends) end();
  }

  async #open(): Promise<void> {
    const { prefix, nodeId, hear } = this.#options;
    const answer = await this.#askForMembers();
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const slot = slotOf(String(bucket));
      const range = answer.find(([from, to]) => from <= slot && slot <= to);
      if (!range) throw new Error("the cluster has slots that nobody serves");
      const [, , [host, port]] = range;
      const address = `${host?.includes(":") ? `[${host}]` : host || new URL(this.#options.url).hostname}:${port}`;
      const wire =
        this.#wires.get(address) ??
        new Wire({
          url: urlAt(this.#options.url, address),
          canaryChannel: `${prefix}{${bucket}}canary:${nodeId}`,
          isSharded: true,
          hear: (text, name) => hear(text, name.slice(name.indexOf("}") + 1)),
          lose: this.#lose,
        });
      this.#byBucket[bucket] = wire;
      if (this.#wires.has(address)) continue;
      this.#wires.set(address, wire);
      this.#ends.push(() => wire.end());
    }
    if (this.#isEnded) this.end(new Error("ended while it was made"));
    const urls = [...this.#wires.keys()].map((address) => urlAt(this.#options.url, address));
    this.members.splice(0, Infinity, ...urls);
    await Promise.all([...this.#wires.values()].map((wire) => wire.ready));
  }

  async #askForMembers(): Promise<z.infer<typeof slotsAnswer>> {
    const url = this.members.shift() ?? this.#options.url;
    const { client, ready, end } = connectOnce(url, this.#lose);
    this.#ends.push(end);
    await ready;
    return slotsAnswer.parse(await client.sendCommand(["CLUSTER", "SLOTS"]));
  }

  #wire(bucket: number): Wire {
    const wire = this.#byBucket[bucket];
    if (!wire) throw new Error("the link does not stand yet");
    return wire;
  }

  readonly #name = (channel: string): string =>
    `${prefixFor(channel, this.#options.prefix)}{${bucketOf(channel)}}${channel}`;
}

/** Rooms and people have random ids, so that any hash spreads them. */
function bucketOf(channel: string): number {
  return slotOf(channel) % bucketCount;
}

/** The same user, password and kind of connection, at another address. */
function urlAt(url: string, address: string): string {
  const other = new URL(url);
  other.host = address;
  return other.href;
}
