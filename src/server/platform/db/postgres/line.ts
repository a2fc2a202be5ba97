import postgres, { type Sql } from "postgres";
import { Unreachable } from "../errors.ts";
import { readAddress, reasonOf } from "./address.ts";

/** One statement on a connection, e.g. `(sql) => sql`SELECT 1``. */
export type Query<T> = (sql: Sql) => PromiseLike<T>;

/** Whoever asks waits for it, and is told within five seconds. */
const connectWithinMs = 4_000;

/** What a connection is for, and what its session may do. */
export interface Session {
  /** Its name among Postgres's sessions. */
  purpose: string;
  /** Settings of the session; what stands in the address itself goes before them. */
  settings: Record<string, string>;
}

export function usualSession(purpose: string): Session {
  return {
    purpose,
    settings: {
      statement_timeout: "15s",
      lock_timeout: "10s",
      // Shorter than the wait for a lock: a frozen node's transaction lets go before others give up waiting for it.
      idle_in_transaction_session_timeout: "5s",
    },
  };
}

/** For what may take as long as it takes. */
export function patientSession(purpose: string): Session {
  return {
    purpose,
    settings: { statement_timeout: "0", lock_timeout: "0", idle_in_transaction_session_timeout: "0" },
  };
}

/**
 * One connection to Postgres, for one life. postgres.js 3.4.9 connects anew under those who use it: a transaction whose
 * back end is killed then writes into a socket that is not there, which ends the process, or goes on outside of any
 * transaction on a connection that is somebody else's by now; and bytes left over from the old connection spoil the
 * beginning of the new one. So a line has one client with one connection, and is thrown away with it.
 */
export class Line {
  readonly #sql: Sql;
  readonly #bornMs = performance.now();
  #pid = 0;
  #isDead = false;
  /** Statements that are not answered. */
  #asked = 0;
  #heardMs = 0;
  /** Called once, when the connection is gone. */
  onDeath = () => {};

  private constructor(address: string, { purpose, settings }: Session, withinMs: number) {
    const { url, ssl } = readAddress(address);
    this.#sql = postgres(url, {
      ssl,
      max: 1,
      // A little less than all of it: what is silent and what talks otherwise can so be told apart.
      connect_timeout: withinMs / 1_000 - 0.5,
      idle_timeout: 60,
      // It could end in the middle of a transaction: the pool renews what is old.
      max_lifetime: null,
      backoff: false,
      fetch_types: false,
      connection: { application_name: `parley ${purpose}`, ...settings },
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      onnotice: () => {},
      onclose: () => this.#die(),
    });
  }

  /** Throws {@link Unreachable}. */
  static async open(url: string, session: Session, withinMs = connectWithinMs): Promise<Line> {
    let line: Line | undefined;
    const tooLate = setTimeout(() => line?.end(), withinMs);
    try {
      line = new Line(url, session, withinMs);
      const [own] = await line.#sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      if (line.#isDead || !own) throw lostError();
      line.#pid = own.pid;
      return line;
    } catch (error) {
      line?.end();
      throw new Unreachable(reasonOf(error), { cause: error });
    } finally {
      clearTimeout(tooLate);
    }
  }

  /** The process that serves it, as Postgres names it. */
  get pid(): number {
    return this.#pid;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get ageMs(): number {
    return performance.now() - this.#bornMs;
  }

  /** When it last said anything, or was asked after it had said all, by `performance.now()`. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** How long it owes an answer and says nothing. */
  get silentMs(): number {
    return this.#asked === 0 || this.#isDead ? 0 : performance.now() - this.#heardMs;
  }

  /** Asks one thing. In a transaction, the caller waits for the answer before it asks the next. */
  async run<T>(statement: Query<T>): Promise<T> {
    if (this.#isDead) throw lostError();
    if (this.#asked++ === 0) this.#heardMs = performance.now();
    try {
      return await statement(this.#sql);
    } finally {
      this.#asked--;
      this.#heardMs = performance.now();
    }
  }

  /** Gives the connection up, whatever it is at. */
  end(): void {
    this.#die();
  }

  /** Ends the connection when what it is at is done. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
    this.#die();
  }

  #die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    // Refuses what still waits in there.
    void this.#sql.end({ timeout: 0 });
    this.onDeath();
  }
}

function lostError(): Error {
  return Object.assign(new Error("the connection to Postgres is gone"), { code: "CONNECTION_CLOSED" });
}
