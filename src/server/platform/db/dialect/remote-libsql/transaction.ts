import type { InStatement, ResultSet, Transaction } from "@libsql/client";
import { isLinkError } from "./link.ts";
import type { WriteMark } from "./write-mark.ts";

/** Whether the transaction was committed is not known: the connection was lost while it was. */
export class CommitInDoubt extends Error {
  readonly code = "CONNECTION_LOST";

  constructor(cause: unknown) {
    super("the connection to the database was lost during a commit", { cause });
    this.name = "CommitInDoubt";
  }
}

const nothing: ResultSet = {
  columns: [],
  columnTypes: [],
  rows: [],
  rowsAffected: 0,
  lastInsertRowid: undefined,
  toJSON: () => ({}),
};

/** Nobody reads what it gives: `rowsAffected` does not exist on Postgres, so that no verb asks for it. */
function givesNothing(statement: InStatement): boolean {
  const text = typeof statement === "string" ? statement : statement.sql;
  return /^\s*(?:insert|update|delete)\b/i.test(text) && !/\breturning\b/i.test(text);
}

function isLook(statement: InStatement): boolean {
  const text = typeof statement === "string" ? statement : statement.sql;
  return /^\s*select\b/i.test(text);
}

/**
 * A transaction that is not chatty: a statement that gives nothing waits for the next one that does, or for the commit,
 * and travels with it. BEGIN travels with the first. So a verb costs one round trip for each look and one for all that
 * it writes after the last. A statement that the database refuses is noticed later than it was made, never too late.
 */
export class GatheringTransaction implements Transaction {
  #waiting: InStatement[] = [];
  #hasBegun = false;
  #hasWritten = false;

  constructor(
    private readonly inner: Transaction,
    private readonly mark: WriteMark,
  ) {}

  async execute(statement: InStatement): Promise<ResultSet> {
    this.#hasWritten ||= !isLook(statement);
    if (givesNothing(statement)) {
      this.#waiting.push(statement);
      return nothing;
    }
    const [result] = await this.#send([statement]);
    return result ?? nothing;
  }

  batch(statements: InStatement[]): Promise<ResultSet[]> {
    this.#hasWritten = true;
    return this.#send(statements);
  }

  async #send(statements: InStatement[]): Promise<ResultSet[]> {
    const before = this.#waiting;
    this.#waiting = [];
    this.#hasBegun = true;
    return (await this.inner.batch([...before, ...statements])).slice(before.length);
  }

  async executeMultiple(text: string): Promise<void> {
    await this.batch([]);
    await this.inner.executeMultiple(text);
  }

  /** Throws {@link CommitInDoubt}; what else it throws was not committed. */
  async commit(): Promise<void> {
    // What has only looked may as well be rolled back.
    if (!this.#hasWritten) return this.rollback();
    try {
      await this.#send([this.mark.statement(), "COMMIT"]);
      this.mark.left();
    } catch (error) {
      throw isLinkError(error) ? new CommitInDoubt(error) : error;
    }
    this.inner.close();
  }

  async rollback(): Promise<void> {
    this.#waiting = [];
    if (!this.#hasBegun) return this.inner.close();
    try {
      await this.inner.rollback();
    } catch (error) {
      // The server rolls back by itself what it hears no more of.
      if (!isLinkError(error)) throw error;
    }
  }

  close(): void {
    this.inner.close();
  }

  get closed(): boolean {
    return this.inner.closed;
  }
}
