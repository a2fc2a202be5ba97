import type { Log } from "../../log.ts";
import type { Link } from "./link.ts";
import { reasonOf, refusalIn } from "./refusals.ts";

/** A link that does not stand by then is given up: a frozen server accepts connections and says nothing. */
const linkWithinMs = 2_000;
/** So often in what counts as a second a node says something to itself; once of these it also writes. */
const canariesPerSecond = 8;
/**
 * So many messages to itself that stay away: the bridge is silent, and what was heard of it not to be relied upon (under
 * two nodes' full load the slowest came back after 0.28 s). So many more mean that a node is deaf, whatever its connections
 * look like. Counted, not timed, so that a node which was itself too busy to listen does not take that for deafness.
 */
const canariesMissedMax = { untilSilent: 3, untilDeaf: 3 * canariesPerSecond };
/** Between two attempts, doubling, each shortened at random by up to a half. */
const retryMs = { first: 50, most: 1_000 };

interface LinkKeeperOptions {
  makeLink: () => Link;
  isEncrypted: boolean;
  log: Log;
  /** What counts as a second. */
  everyMs: number;
  /** Everything goes over this link from now on. */
  onUp: (link: Link) => Promise<void>;
  /** … and over none any more. */
  onDown: () => void;
  /** It is not known whether the link carries still; or it does, after all. */
  onSilence: (isSilent: boolean) => void;
}

/** Makes one link after the other, each for as long as this node hears itself over it. */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  readonly #first = Promise.withResolvers<unknown>();
  readonly #running: Promise<void>;
  #isClosed = false;
  #link: Link | undefined;
  #endPause: () => void = () => {};
  #heardItselfAt = performance.now();

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Why the first attempt failed; `undefined` when it stands, and `onUp` is through. */
  get first(): Promise<unknown> {
    return this.#first.promise;
  }

  /** Milliseconds since this node last heard itself. */
  get canaryAgeMs(): number {
    return performance.now() - this.#heardItselfAt;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#link?.end(new Error("the bus was closed"));
    this.#endPause();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { makeLink, log } = this.#options;
    let waitMs = retryMs.first;
    let awayAt = performance.now();
    let isAwayTold = false;
    let refusalTold: string | undefined;
    let hasStood = false;
    while (!this.#isClosed) {
      const link = makeLink();
      this.#link = link;
      const failure = await this.#stand(link);
      if (failure === undefined) {
        if (isAwayTold) log.info("the bridge is back", { away_ms: Math.round(performance.now() - awayAt) });
        waitMs = retryMs.first;
        isAwayTold = false;
        hasStood = true;
        await this.#serve(link);
        awayAt = performance.now();
      } else this.#first.resolve(failure);
      // Of two connections the other one may still stand, and would go on to be heard beside the next.
      link.end(failure);
      if (this.#isClosed) return;
      const error = await link.lost;
      const reason = reasonOf(error);
      const refusal = refusalIn(error);
      const doubt = hasStood || refusal !== undefined ? "" : "; is REDIS_URL right?";
      if (!isAwayTold) {
        log.warn("the bridge is away; other nodes are heard through the database", { reason: reason + doubt });
      }
      isAwayTold = true;
      if (refusal !== undefined && refusal !== refusalTold) log.error(`REDIS_URL ${refusal}`, { reason });
      refusalTold = refusal;
      await this.#pause(waitMs * (0.5 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, retryMs.most);
    }
  }

  /** Brings a link so far that this node hears itself; gives why that failed, or nothing. */
  async #stand(link: Link): Promise<unknown> {
    const tooLate = Promise.withResolvers<Error>();
    const timer = setTimeout(() => tooLate.resolve(new Error(this.#silence())), linkWithinMs);
    const hearOneself = async () => {
      await link.ready;
      await mayWrite(link);
      // Whoever may not run scripts could say nothing else.
      await link.run("return 1", [], []);
      await link.echo();
      this.#heardItselfAt = performance.now();
      return undefined;
    };
    try {
      return await Promise.race([hearOneself().catch((error: unknown) => error), link.lost, tooLate.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #silence(): string {
    const doubt = this.#options.isEncrypted ? "; does it speak TLS, as rediss: says?" : "";
    return `it does not answer in time${doubt}`;
  }

  /** Uses a link until it is lost. */
  async #serve(link: Link): Promise<void> {
    const { everyMs, onUp, onDown, onSilence } = this.#options;
    const { untilSilent, untilDeaf } = canariesMissedMax;
    let said = 0;
    let missed = 0;
    const heard = () => {
      this.#heardItselfAt = performance.now();
      if (missed > untilSilent) onSilence(false);
      missed = 0;
    };
    const failed = (error: unknown) => link.end(error);
    const canary = setInterval(() => {
      if (missed++ === untilSilent) onSilence(true);
      if (missed > untilDeaf) {
        link.end(new Error("this node does not hear itself"));
        return;
      }
      link.echo().then(heard, failed);
      // Also written to: a primary that was made a replica goes on to carry what its own clients say.
      if (said++ % canariesPerSecond === 0) mayWrite(link).catch(failed);
    }, everyMs / canariesPerSecond);
    void onUp(link)
      .catch((error: unknown) => link.end(error))
      .then(() => this.#first.resolve(undefined));
    await link.lost;
    clearInterval(canary);
    onDown();
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#endPause = resolve;
    await promise;
    clearTimeout(timer);
  }
}

/** Rejects where nobody may write. One that is full, or cannot save, carries messages all the same. */
async function mayWrite(link: Link): Promise<void> {
  try {
    await link.probe();
  } catch (error) {
    if (refusalIn(error) !== undefined) throw error;
  }
}
