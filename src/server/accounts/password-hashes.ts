import { availableParallelism } from "node:os";
import { perContext, type Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";

/** Hashes that may wait; at cost 12 and one core the last of them waits about 15 s. */
const waitingMax = 64;

/**
 * bcrypt, in Bun's threads. One core is always left to the sockets, and a flood of sign-ins is refused with
 * `UNAVAILABLE` instead of growing a queue. A hash at cost 12 takes about 0.2 s of a core.
 */
export class PasswordHashes {
  readonly #slots = Math.max(1, availableParallelism() - 1);
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** As costly to verify as a real one, and nobody's. */
  readonly #nobody: string;

  constructor(private readonly ctx: Pick<Context, "config" | "metrics">) {
    this.#nobody = `$2b$${String(ctx.config.bcryptCost).padStart(2, "0")}$${".".repeat(53)}`;
  }

  hash(password: string): Promise<string> {
    return this.#run(() =>
      Bun.password.hash(normalized(password), { algorithm: "bcrypt", cost: this.ctx.config.bcryptCost }),
    );
  }

  /**
   * Whether `password` is the one behind `hash`. Takes as long when there is no hash, so that time does not tell which
   * accounts exist. `admit` is asked when the turn has come, and refuses by rejecting: parallel guesses wait here, and
   * what was allowed when they began need not be any more.
   */
  verify(password: string, hash: string | undefined, admit: () => Promise<void> = async () => {}): Promise<boolean> {
    return this.#run(async () => {
      await admit();
      return (await Bun.password.verify(normalized(password), hash || this.#nobody)) && Boolean(hash);
    });
  }

  /** Whether `hash` was made at another cost than the one in force. */
  isOutdated(hash: string): boolean {
    return Number(/^\$2[aby]\$(\d\d)\$/.exec(hash)?.[1]) !== this.ctx.config.bcryptCost;
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#slots) {
      if (this.#waiting.length >= waitingMax) throw new AppError("UNAVAILABLE", { retryAfterMs: 2_000 });
      // Whoever hands over keeps the slot taken, so that nobody slips in between.
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.ctx.metrics.hashesWaiting.set(this.#waiting.length);
      });
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      this.ctx.metrics.hashesWaiting.set(this.#waiting.length);
      if (next) next();
      else this.#running -= 1;
    }
  }
}

/** The same password typed on another keyboard may come in other code points (RFC 8265 §4.2). */
function normalized(password: string): string {
  return password.normalize("NFC");
}

export const passwordHashes = perContext((ctx) => new PasswordHashes(ctx));
