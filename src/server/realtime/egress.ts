import type { Log } from "../platform/log.ts";

/** Who takes frames that are for them alone. */
interface Addressee {
  /** In one system call. */
  sendAll(frames: readonly string[]): void;
}

/**
 * Everything that leaves the server, in one order: answers, published frames, and what must happen between them
 * (subscribing, closing). What gathers in one turn of the event loop goes out together at its end. Acknowledgements go
 * first: a sender hears of its message before everybody sees it. Frames for single sockets are gathered, so that a
 * socket's acknowledgements and the messages of its small rooms cost one system call.
 */
export class Egress {
  #acks = new Map<Addressee, string[]>();
  #steps: (() => void)[] = [];
  /** Of each step, whether it only gathers. */
  #gathers: boolean[] = [];
  #whenFlushed: (() => void)[] = [];
  #isDue = false;
  /** What was gathered in this flush and is not yet sent. */
  #gathered = new Map<Addressee, string[]>();

  constructor(private readonly log: Log) {}

  ack(socket: Addressee, frame: string): void {
    add(this.#acks, socket, frame);
    this.#schedule();
  }

  /** Runs `step` after every step before it, when all that they sent is out. */
  inTurn(step: () => void): void {
    this.#add(step, false);
  }

  /** {@link inTurn} for a step that reaches sockets by {@link gather}, or calls {@link release} before it does otherwise. */
  inTurnGathering(step: () => void): void {
    this.#add(step, true);
  }

  /** Inside a step: sends a socket a frame, together with what else is for it. */
  gather(socket: Addressee, frame: string): void {
    add(this.#gathered, socket, frame);
  }

  /** Sends what was gathered: whatever reaches sockets in another way must come after it. */
  release(): void {
    if (this.#gathered.size === 0) return;
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const [socket, frames] of gathered) this.#run(() => socket.sendAll(frames));
  }

  /** Resolves when all that was given so far is out. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenFlushed.push(resolve);
      this.#schedule();
    });
  }

  #add(step: () => void, gathers: boolean): void {
    this.#steps.push(step);
    this.#gathers.push(gathers);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const steps = this.#steps;
    const gathers = this.#gathers;
    const whenFlushed = this.#whenFlushed;
    this.#gathered = this.#acks;
    this.#acks = new Map();
    this.#steps = [];
    this.#gathers = [];
    this.#whenFlushed = [];
    this.#isDue = false;
    for (const [index, step] of steps.entries()) {
      if (!gathers[index]) this.release();
      this.#run(step);
    }
    this.release();
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

function add(frames: Map<Addressee, string[]>, socket: Addressee, frame: string): void {
  const own = frames.get(socket);
  if (own) own.push(frame);
  else frames.set(socket, [frame]);
}
