import { seal } from "./envelope.ts";
import type { Link, Parcel } from "./link.ts";

/** Waiting and on the way together (G7): the rest is dropped, and healed from the database by whoever should have got it. */
const heldMaxChars = 16 * 1024 * 1024;
/** One command: enough to be cheap, little enough to keep the bridge free for others (about a millisecond). */
const batchMaxParcels = 250;
const batchMaxChars = 256 * 1024;
const batchesInFlightMax = 16;

/** One parcel takes no more than about this; a channel with more to carry gets several. */
const parcelMaxChars = 64 * 1024;

interface Waiting {
  channel: string;
  messages: string[];
  chars: number;
}

interface OutboxOptions {
  nodeId: string;
  onPublished: (count: number) => void;
  /** So many messages for this channel reached nobody, or nobody knows. */
  onDropped: (channel: string, count: number) => void;
}

/** What waits to be published, in the order of the calls; what comes together goes together. */
export class Outbox {
  #waiting: Waiting[] = [];
  #heldChars = 0;
  #batchesInFlight = 0;
  #isDue = false;
  #link: Link | undefined;
  /** Messages that were ever given here, and those of them that are neither waiting nor on the way any more. */
  #given = 0;
  #settled = 0;
  /** Who waits until so many are settled, the lowest first. */
  #awaiting: { count: number; resolve: () => void }[] = [];

  constructor(private readonly options: OutboxOptions) {}

  carriedBy(link: Link): void {
    this.#link = link;
  }

  /** Resolves when what was given so far has been published, or dropped; `undefined`: it has. */
  carried(): Promise<void> | undefined {
    if (this.#settled === this.#given) return undefined;
    return new Promise((resolve) => this.#awaiting.push({ count: this.#given, resolve }));
  }

  /** Drops what waits; what is on the way fails by itself. */
  dropped(): void {
    this.#link = undefined;
    const waiting = this.#waiting;
    this.#heldChars -= charsOf(waiting);
    this.#waiting = [];
    this.#drop(waiting);
    this.#settle(countOf(waiting));
  }

  add(channel: string, message: string): void {
    if (this.#link === undefined || this.#heldChars + message.length > heldMaxChars) {
      this.options.onDropped(channel, 1);
      return;
    }
    this.#given++;
    this.#heldChars += message.length;
    const last = this.#waiting.at(-1);
    // Only neighbours are put together: a sender's messages keep their order also across channels.
    if (last?.channel === channel && last.chars + message.length <= parcelMaxChars) {
      last.messages.push(message);
      last.chars += message.length;
    } else this.#waiting.push({ channel, messages: [message], chars: message.length });
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const link = this.#link;
    while (link && this.#waiting.length > 0 && this.#batchesInFlight < batchesInFlightMax) {
      void this.#send(link, this.#next());
    }
  }

  #drop(dropped: readonly Waiting[]): void {
    for (const { channel, messages } of dropped) this.options.onDropped(channel, messages.length);
  }

  #next(): Waiting[] {
    let count = 0;
    let chars = 0;
    while (count < this.#waiting.length && count < batchMaxParcels && chars < batchMaxChars) {
      chars += this.#waiting[count++]?.chars ?? 0;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(link: Link, batch: Waiting[]): Promise<void> {
    this.#batchesInFlight++;
    try {
      await link.publish(batch.map(({ channel, messages }): Parcel => [channel, seal(this.options.nodeId, messages)]));
      this.options.onPublished(countOf(batch));
    } catch (error) {
      this.#drop(batch);
      link.end(error);
    } finally {
      this.#batchesInFlight--;
      this.#heldChars -= charsOf(batch);
      this.#settle(countOf(batch));
      this.#flush();
    }
  }

  #settle(count: number): void {
    this.#settled += count;
    while (this.#awaiting[0] && this.#awaiting[0].count <= this.#settled) this.#awaiting.shift()?.resolve();
  }
}

function countOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { messages }) => sum + messages.length, 0);
}

function charsOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { chars }) => sum + chars, 0);
}
