/**
 * What has been said to be done, of things that have one value at a time, each changed by one person one after the other:
 * a message's words, whether somebody has reacted to it. What was acknowledged must be there, unless a later attempt
 * whose answer never came took its place.
 */
export class Claims {
  readonly #possible = new Map<string, Set<string>>();

  /**
   * An attempt begins: from now on the value may be there, or what was there `before`. Call the result when it was
   * acknowledged.
   */
  attempt(thing: string, value: string, before: string): () => void {
    const possible = this.#possible.get(thing) ?? new Set([before]);
    this.#possible.set(thing, possible.add(value));
    return () => void this.#possible.set(thing, new Set([value]));
  }

  /** What is wrong with what is there, a sentence each. */
  judge(actual: (thing: string) => string | undefined): string[] {
    const faults: string[] = [];
    for (const [thing, possible] of this.#possible) {
      const value = actual(thing);
      if (value === undefined || possible.has(value)) continue;
      faults.push(`G1: ${thing} is ${value}, but was acknowledged to be ${[...possible].join(" or ")}`);
    }
    return faults;
  }
}
