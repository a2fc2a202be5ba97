/** So many that stay away mean that a node is deaf. */
const missedMax = 3;

interface CanaryOptions {
  everyMs: number;
  send: () => void;
  onDeaf: () => void;
}

/**
 * A message to oneself, over and over: that a connection stands does not mean that anything arrives. Counted in messages,
 * not in time, so that a node which was itself too busy to listen does not take that for deafness.
 */
export class Canary {
  readonly #options: CanaryOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #missed = 0;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#next(), options.everyMs);
  }

  heard(): void {
    this.#missed = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #next(): void {
    if (this.#missed >= missedMax) {
      this.stop();
      this.#options.onDeaf();
      return;
    }
    this.#missed++;
    this.#options.send();
  }
}
