import type { Log } from "../platform/log.ts";

/** Who takes acknowledgements. */
interface Acknowledged {
  sendAll(frames: readonly string[]): void;
}

/**
 * Everything that leaves the server, in one order: answers, published frames, and what must happen between them
 * (subscribing, closing). What gathers in one turn of the event loop goes out together at its end. Acknowledgements go
 * first, all of one socket in one cork: a sender hears of its message before everybody sees it, and a batch of a
 * hundred costs one system call.
 */
export class Egress {
  #acks = new Map<Acknowledged, string[]>();
  #steps: (() => void)[] = [];
  #whenFlushed: (() => void)[] = [];
  #isDue = false;

  constructor(private readonly log: Log) {}

  ack(socket: Acknowledged, frame: string): void {
    const frames = this.#acks.get(socket);
    if (frames) frames.push(frame);
    else this.#acks.set(socket, [frame]);
    this.#schedule();
  }

  /** Runs `step` after every step before it. */
  inTurn(step: () => void): void {
    this.#steps.push(step);
    this.#schedule();
  }

  /** Resolves when all that was given so far is out. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenFlushed.push(resolve);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const acks = this.#acks;
    const steps = this.#steps;
    const whenFlushed = this.#whenFlushed;
    this.#acks = new Map();
    this.#steps = [];
    this.#whenFlushed = [];
    this.#isDue = false;
    for (const [socket, frames] of acks) this.#run(() => socket.sendAll(frames));
    for (const step of steps) this.#run(step);
    for (const resolve of whenFlushed) resolve();
  }

  #run(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.log.error("a step of the output failed", { error });
    }
  }
}
