import type { Log } from "../../log.ts";
import type { Unreachable } from "../errors.ts";

/** Says once in the log that Postgres cannot be reached, and once that it can be again. */
export class Health {
  #failedAtMs: number | undefined;

  constructor(
    private readonly log: Log,
    private readonly server = "Postgres",
  ) {}

  failed(error: Unreachable): void {
    if (this.#failedAtMs !== undefined) return;
    this.#failedAtMs = performance.now();
    this.log.error(`${this.server} cannot be reached; what needs it is refused until it can`, {
      reason: error.message,
    });
  }

  answered(): void {
    if (this.#failedAtMs === undefined) return;
    const afterMs = Math.round(performance.now() - this.#failedAtMs);
    this.#failedAtMs = undefined;
    this.log.info(`${this.server} answers again`, { afterMs });
  }
}
