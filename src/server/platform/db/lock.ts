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
