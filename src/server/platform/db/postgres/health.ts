import type { Log } from "../../log.ts";
import type { Unreachable } from "../errors.ts";

/** After a failure the next ones who would connect are told so, without trying, for so long. */
const pauseMs = 200;

/** Of one server: says once in the log that Postgres cannot be reached, and once that it can be again. */
export class Health {
  #failedAtMs: number | undefined;
  #last: { error: Unreachable; atMs: number } | undefined;
  #answeredAtMs = -Infinity;

  constructor(
    private readonly log: Log,
    private readonly server = "Postgres",
  ) {}

  /** What whoever connects now would most likely find. */
  get refusal(): Unreachable | undefined {
    return this.#last && performance.now() - this.#last.atMs < pauseMs ? this.#last.error : undefined;
  }

  /**
   * An attempt that began then has failed. False: Postgres has answered since, so this says nothing of how it is now, as
   * when a network that came back had swallowed how the attempt began.
   */
  failed(error: Unreachable, beganAtMs: number = performance.now()): boolean {
    if (this.#answeredAtMs > beganAtMs) return false;
    this.#last = { error, atMs: performance.now() };
    if (this.#failedAtMs !== undefined) return true;
    this.#failedAtMs = performance.now();
    this.log.error(`${this.server} cannot be reached; what needs it is refused until it can`, {
      reason: error.message,
    });
    return true;
  }

  answered(): void {
    this.#answeredAtMs = performance.now();
    this.#last = undefined;
    if (this.#failedAtMs === undefined) return;
    const afterMs = Math.round(performance.now() - this.#failedAtMs);
    this.#failedAtMs = undefined;
    this.log.info(`${this.server} answers again`, { afterMs });
  }
}
