import type { Client, InStatement } from "@libsql/client";
import type { Link } from "./link.ts";

/** Marks of processes that ended without a word are forgotten after so long. */
const forgottenAfterMs = 86_400_000;
const prefix = "writer:";
/** How long it is asked whether a commit was done. */
const doubtMs = 10_000;

/**
 * A row of this process, in `settings`, which every transaction changes with its commit. When the answer to a commit was
 * lost, the row tells whether it was done; and as a transaction only commits over the mark that it expects, asking keeps
 * one from being done later that was still on its way.
 */
export class WriteMark {
  readonly #name = `${prefix}${Bun.randomUUIDv7()}`;
  #last = "0";
  #next = "";
  #count = 0;
  /** A commit's outcome could not be learned yet, so that it is not known what the row holds. */
  #isUnknown = false;

  constructor(
    private readonly client: Client,
    private readonly link: Link,
  ) {}

  /** Makes the row. */
  async begin(): Promise<void> {
    const old = Bun.randomUUIDv7("hex", Date.now() - forgottenAfterMs);
    const make: InStatement[] = [
      { sql: "DELETE FROM settings WHERE name >= ? AND name < ?", args: [prefix, `${prefix}${old}`] },
      { sql: "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", args: [this.#name, this.#last] },
    ];
    await this.link.patiently(() => this.client.batch(make, "write"));
  }

  /** What a transaction does last, before its commit. It fails where the mark is not the one it expects: NULL is refused. */
  statement(): InStatement {
    this.#next = String(++this.#count);
    return {
      sql: "UPDATE settings SET value = CASE value WHEN ? THEN ? END WHERE name = ?",
      args: [this.#last, this.#next, this.#name],
    };
  }

  /** The transaction was committed. */
  left(): void {
    this.#last = this.#next;
  }

  /** Before a transaction: sees to it that the row is known, and nothing on its way can change it any more. */
  async know(): Promise<void> {
    if (this.#isUnknown) await this.wasLeft();
  }

  /**
   * Whether the last transaction that was to leave its mark was committed. If it was not, it never will be. Throws what
   * the link does when the database cannot be asked.
   */
  async wasLeft(): Promise<boolean> {
    this.#isUnknown = true;
    const fence = `${this.#next} asked`;
    const ask: InStatement[] = [
      {
        // Asked twice, it changes the row once.
        sql: "UPDATE settings SET value = ? || ' after ' || value WHERE name = ? AND instr(value, ?) <> 1",
        args: [fence, this.#name, fence],
      },
      { sql: "SELECT value FROM settings WHERE name = ?", args: [this.#name] },
    ];
    const [, found] = await this.link.patiently(() => this.client.batch(ask, "write"), doubtMs);
    const value = String(found?.rows[0]?.["value"]);
    const isLeft = value === `${fence} after ${this.#next}`;
    this.#last = value;
    this.#isUnknown = false;
    return isLeft;
  }

  /** Takes the row away. */
  async end(): Promise<void> {
    await this.client.execute({ sql: "DELETE FROM settings WHERE name = ?", args: [this.#name] });
  }
}
