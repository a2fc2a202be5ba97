import Libsql from "libsql/promise";

/** Pages that a commit changes whatever it stores: the ends of the table and of its indexes, and the rooms'. */
const pagesPerCommit = 5;
/** … and about one more a row: its place in the index of its room. */
const pagesPerRow = 1;
/** Copying so many takes 5 to 10 ms. */
const pagesMax = 3_000;

/**
 * Brings what was committed from the log into the file beside the thread that commits, on a thread of the driver's. A
 * log that is always written to never ends by that alone: what is left is done by the writing connection's own
 * checkpoint, which stops that one, but has little to do (docs/performance.md).
 */
export class Checkpoints {
  #db: Libsql | undefined;
  #pages = 0;
  #running: Promise<void> | undefined;

  /** `failed`: told why the log could not be copied. It grows meanwhile, and is tried again with the next pages. */
  constructor(
    private readonly path: string,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** So many rows were committed in one transaction. */
  committed(rows: number): void {
    this.#pages += pagesPerCommit + rows * pagesPerRow;
    if (this.#pages < pagesMax || this.#running) return;
    this.#pages = 0;
    this.#running = this.#copy()
      .catch(this.failed)
      .finally(() => (this.#running = undefined));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** A thread must not end before that. */
  async close(): Promise<void> {
    await this.idle();
    this.#db?.close();
  }

  async #copy(): Promise<void> {
    // Opened only here: most servers that start never write so much.
    this.#db ??= new Libsql(this.path, { timeout: 0 });
    // FULL: what is copied is synced before the log may be written over.
    await this.#db.exec("PRAGMA synchronous = FULL; PRAGMA cache_size = -64; PRAGMA wal_checkpoint(PASSIVE)");
  }
}
