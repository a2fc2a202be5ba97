/** A lock inside this process, first come, first served. */
export class Lock {
  #held = false;
  #waiting: (() => void)[] = [];

  /** Whether somebody waits for it. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  async acquire(): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** {@link acquire}, unless that takes longer; whether it is held. */
  async acquireWithin(ms: number): Promise<boolean> {
    if (!this.#held) {
      this.#held = true;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const next = () => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      resolve(false);
    }, ms);
    this.#waiting.push(next);
    return promise;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#held = false;
  }

  /** Runs `work` while holding the lock. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.acquire();
    try {
      return await work();
    } finally {
      this.release();
    }
  }
}
