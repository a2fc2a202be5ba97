import type { Log } from "../../log.ts";
import type { Script, Shared } from "../bus.ts";
import type { Link } from "./link.ts";
import { reasonOf } from "./refusals.ts";

/** Longer than this nobody waits for what the nodes keep together. */
const answerWithinMs = 1_000;
/** Asked for and not answered, at once (G7). */
const askedMax = 2_000;

/** What all nodes keep together: scripts that the bridge runs over keys of this installation. */
export class SharedValues implements Shared {
  #link: Link | undefined;
  #asked = 0;

  constructor(private readonly log: Log) {}

  carriedBy(link: Link | undefined): void {
    this.#link = link;
  }

  async run({ name, lua }: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const link = this.#link;
    if (link === undefined || this.#asked >= askedMax) return undefined;
    this.#asked++;
    const { promise: tooLate, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), answerWithinMs);
    const answer = link
      .run(lua, keys, args.map(String))
      .catch((error: unknown) => {
        if (this.#link === link)
          this.log.error("the bridge refused a script", { script: name, reason: reasonOf(error) });
        return undefined;
      })
      .finally(() => this.#asked--);
    try {
      return await Promise.race([answer, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}
