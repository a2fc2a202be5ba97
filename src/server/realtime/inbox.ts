/** A frame of the client as it came, and when (`performance.now()`). */
export interface Received {
  text: string;
  atMs: number;
}

const framesMax = 8_192;
/** Sends that may be on their way to the disk at once, for one socket. */
const overlappingMax = 1_024;
/** Above this many characters in all inboxes, none may hold more than its share (G7). */
const charsMax = 128 * 1024 * 1024;
const shareChars = 1024 * 1024;

/** The frames of every inbox that has none: never written to. */
const none: Received[] = [];

/** What all inboxes of a server hold together. */
export interface InboxTotal {
  chars: number;
  frames: number;
}

interface Reader {
  /** Gives a promise, which never rejects, only if it has to wait for something. */
  handle(received: Received): Promise<void> | undefined;
}

/**
 * The frames of one socket, handled strictly one after the other in the order they came. What a handler leaves running
 * (a commit) may overlap with the handlers after it, until one of them asks for quiet.
 */
export class Inbox {
  #frames: Received[] = none;
  /** Those before it are handled; the array is cut when it is through, not at every frame. */
  #head = 0;
  #chars = 0;
  #isOpen = false;
  #isRunning = false;
  #overlapping = 0;
  #whenIdle: (() => void)[] | undefined;
  #wake: { below: number; resolve: () => void } | undefined;

  constructor(
    private readonly total: InboxTotal,
    private readonly reader: Reader,
  ) {}

  /** Takes a frame; false when the inbox is full. */
  push(received: Received): boolean {
    const { length } = received.text;
    if (this.#frames.length - this.#head >= framesMax) return false;
    if (this.total.chars > charsMax && this.#chars + length > shareChars) return false;
    if (this.#frames === none) this.#frames = [received];
    else this.#frames.push(received);
    this.#count(1, length);
    this.#run();
    return true;
  }

  /** From now on frames are handled; until then they wait. */
  open(): void {
    this.#isOpen = true;
    this.#run();
  }

  /** No further frame is handled; what is under way goes on. */
  close(): void {
    this.#isOpen = false;
    this.#count(this.#head - this.#frames.length, -this.#chars);
    this.#frames = none;
    this.#head = 0;
  }

  /** Something of the frame under way goes on beside those that follow, until {@link endOverlap}. */
  beginOverlap(): void {
    this.#overlapping++;
  }

  endOverlap(): void {
    this.#overlapping--;
    this.#checkIdle();
    if (!this.#wake || this.#overlapping >= this.#wake.below) return;
    this.#wake.resolve();
    this.#wake = undefined;
  }

  /** Resolves when nothing is under way any more. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      (this.#whenIdle ??= []).push(resolve);
      this.#checkIdle();
    });
  }

  /** Resolves when there is room for another overlapping send. To be awaited by the handler under way only. */
  room(): Promise<void> | undefined {
    return this.#below(overlappingMax);
  }

  /** Resolves when nothing overlaps any more. To be awaited by the handler under way only. */
  quiet(): Promise<void> | undefined {
    return this.#below(1);
  }

  #below(below: number): Promise<void> | undefined {
    if (this.#overlapping < below) return undefined;
    return new Promise((resolve) => (this.#wake = { below, resolve }));
  }

  #count(frames: number, chars: number): void {
    this.#chars += chars;
    this.total.chars += chars;
    this.total.frames += frames;
  }

  #run(): void {
    if (this.#isRunning || !this.#isOpen) return;
    this.#isRunning = true;
    this.#handleAll();
  }

  #handleAll(): void {
    for (let next = this.#take(); next; next = this.#take()) {
      const underWay = this.reader.handle(next);
      if (!underWay) continue;
      void underWay.then(() => this.#handleAll());
      return;
    }
    this.#isRunning = false;
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#isRunning || this.#overlapping > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = undefined;
    for (const resolve of waiting ?? []) resolve();
  }

  #take(): Received | undefined {
    const next = this.#frames[this.#head];
    if (!next) return undefined;
    this.#count(-1, -next.text.length);
    this.#head++;
    if (this.#head === this.#frames.length) {
      this.#frames = none;
      this.#head = 0;
    }
    return next;
  }
}
