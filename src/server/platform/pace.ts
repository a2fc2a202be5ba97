/** Lets so many begin in one turn of the event loop; the others wait for the next ones, first come, first served. */
export class Pace {
  #left: number;
  #waiting: (() => void)[] = [];
  #isDue = false;

  constructor(private readonly perTurn: number) {
    this.#left = perTurn;
  }

  /** Resolves in one's turn; `undefined`: now. */
  turn(): Promise<void> | undefined {
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(() => this.#next());
    }
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left--;
    return undefined;
  }

  #next(): void {
    const released = this.#waiting.splice(0, this.perTurn);
    this.#left = this.perTurn - released.length;
    this.#isDue = released.length > 0;
    if (this.#isDue) setImmediate(() => this.#next());
    for (const resolve of released) resolve();
  }
}
