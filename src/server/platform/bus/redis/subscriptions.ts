import type { Link } from "./link.ts";

type Listener = (message: string, from: string) => void;

/** There is one a room and one a person that are here: arrays, replaced when they change, take a sixth of what sets do. */
interface Channel {
  listeners: readonly Listener[];
  /** To be told once the channel is heard. */
  waiting: readonly (() => void)[];
  isLive: boolean;
}

const nobody: readonly never[] = [];

/** Channels joined or left by one command. */
const batchMax = 500;

/** Which channels this node listens to, and the keeping of a link's subscriptions to that, a batch at a time. */
export class Subscriptions {
  readonly #channels = new Map<string, Channel>();
  readonly #toJoin = new Set<string>();
  readonly #toLeave = new Set<string>();
  /** Asked for, and not yet confirmed. */
  #joining: ReadonlySet<string> = new Set();
  #link: Link | undefined;
  #work: Promise<void> | undefined;

  /** The link that all channels are heard over, or are being joined on. */
  get link(): Link | undefined {
    return this.#link;
  }

  get size(): number {
    return this.#channels.size;
  }

  add(name: string, listener: Listener, onLive?: () => void): () => void {
    const channel = this.#channels.get(name) ?? this.#begin(name);
    channel.listeners = [...channel.listeners, listener];
    if (onLive && !channel.isLive) channel.waiting = [...channel.waiting, onLive];
    else if (onLive) queueMicrotask(onLive);
    let isListening = true;
    return () => {
      if (!isListening) return;
      isListening = false;
      channel.listeners = channel.listeners.toSpliced(channel.listeners.indexOf(listener), 1);
      if (channel.listeners.length === 0) this.#end(name);
    };
  }

  of(name: string): readonly Listener[] {
    return this.#channels.get(name)?.listeners ?? nobody;
  }

  /** Joins every channel on a new link; resolves when all are heard. */
  async carriedBy(link: Link): Promise<void> {
    this.#link = link;
    this.#toLeave.clear();
    for (const [name, channel] of this.#channels) {
      channel.isLive = false;
      this.#toJoin.add(name);
    }
    // The work of a link before this one ends by its failure.
    await this.#work;
    await this.#catchUp();
  }

  /** Nothing is heard until the next {@link carriedBy}. */
  dropped(): void {
    this.#link = undefined;
  }

  #begin(name: string): Channel {
    const channel: Channel = { listeners: nobody, waiting: nobody, isLive: false };
    this.#channels.set(name, channel);
    if (this.#toLeave.delete(name)) channel.isLive = !this.#joining.has(name);
    else this.#toJoin.add(name);
    void this.#catchUp();
    return channel;
  }

  #end(name: string): void {
    this.#channels.delete(name);
    if (!this.#toJoin.delete(name)) this.#toLeave.add(name);
    void this.#catchUp();
  }

  /** One batch after the other, so that what comes meanwhile goes together. */
  #catchUp(): Promise<void> {
    const link = this.#link;
    if (link === undefined || this.#work) return this.#work ?? Promise.resolve();
    this.#work = this.#follow(link).finally(() => {
      this.#work = undefined;
      if (this.#link !== undefined && this.#toJoin.size + this.#toLeave.size > 0) void this.#catchUp();
    });
    return this.#work;
  }

  async #follow(link: Link): Promise<void> {
    // What is asked for in one turn goes in one command.
    await Promise.resolve();
    try {
      while (this.#link === link && this.#toJoin.size + this.#toLeave.size > 0) {
        const joining = take(this.#toJoin, batchMax);
        const leaving = take(this.#toLeave, batchMax);
        this.#joining = new Set(joining);
        await Promise.all([joining.length > 0 && link.join(joining), leaving.length > 0 && link.leave(leaving)]);
        this.#joining = new Set();
        if (this.#link === link) this.#areLive(joining);
      }
    } catch (error) {
      // A link that does not do what it is told is given up, with the reason.
      link.end(error);
    }
  }

  #areLive(names: readonly string[]): void {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (!channel) continue;
      channel.isLive = true;
      const { waiting } = channel;
      channel.waiting = nobody;
      for (const tell of waiting) tell();
    }
  }
}

function take(names: Set<string>, count: number): string[] {
  const taken: string[] = [];
  for (const name of names) {
    if (taken.length === count) break;
    names.delete(name);
    taken.push(name);
  }
  return taken;
}
