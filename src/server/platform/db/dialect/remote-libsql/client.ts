import type { Client, InArgs, InStatement, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import { AppError } from "../../../app-error.ts";
import { isContention, isOutOfService } from "../../errors.ts";
import type { Link } from "./link.ts";
import { GatheringTransaction } from "./transaction.ts";
import type { WriteMark } from "./write-mark.ts";

/** Who reads can ask again themselves: it is only tried again because the connection may have been an old one. */
const readPatienceMs = 500;

/** The driver's client as Drizzle is given it: what is asked outside of a transaction is asked again when it was lost. */
export class PatientClient implements Client {
  readonly protocol: string;

  /** Only what changes nothing, or bears being run twice, may be asked outside of {@link transaction}. */
  constructor(
    private readonly inner: Client,
    private readonly link: Link,
    private readonly mark: WriteMark,
  ) {
    this.protocol = inner.protocol;
  }

  /** What everybody reads by: throws `UNAVAILABLE` when the database is away; why stands in the log, once. */
  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const asked = typeof statement === "string" ? { sql: statement, args: args ?? [] } : statement;
    try {
      return await this.link.patiently(() => this.inner.execute(asked), readPatienceMs);
    } catch (error) {
      throw isOutOfService(error) || isContention(error) ? new AppError("UNAVAILABLE", { retryAfterMs: 1_000 }) : error;
    }
  }

  batch(statements: (InStatement | [string, InArgs?])[], mode?: TransactionMode): Promise<ResultSet[]> {
    return this.link.patiently(() => this.inner.batch(statements, mode));
  }

  async transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    return new GatheringTransaction(await this.inner.transaction(mode), this.mark);
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.inner.migrate(statements);
  }

  executeMultiple(text: string): Promise<void> {
    return this.inner.executeMultiple(text);
  }

  sync() {
    return this.inner.sync();
  }

  async reconnect(): Promise<void> {
    await this.inner.reconnect();
  }

  close(): void {
    this.inner.close();
  }

  get closed(): boolean {
    return this.inner.closed;
  }
}
