import postgres from "postgres";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";

/** Among several nodes one at a time does what is to be done once for all. */
export interface Leadership {
  /** Begins to ask for it. */
  start(): void;
  /** Whether this node does it now. */
  isMine(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Of a node that has its database for itself. */
export function alwaysLeads(metrics: Pick<Metrics, "leads">): Leadership {
  metrics.leads.set(1);
  return { start() {}, isMine: async () => true, stop: async () => {} };
}

/** What the database calls the sessions of those who ask, followed by their node: so nodes find each other there. */
export const leadershipName = "parley leadership";

/** The advisory lock of whoever leads: in a class of its own beside those of rooms and people. */
const lockClass = 5061730;

interface Timing {
  /** How often it is asked for, and renewed. */
  renewEveryMs: number;
  /** Without a renewal, whoever has it counts on it so long … */
  heldForMs: number;
  /** … and the database takes it back after this, which is longer: whoever is frozen knows before another has it. */
  lostAfterMs: number;
}

const usual: Timing = { renewEveryMs: 1_000, heldForMs: 3_000, lostAfterMs: 4_000 };

/**
 * Leadership by a session's advisory lock, on a connection of its own. It goes with the connection: when the node ends, at
 * once; when it is frozen or its machine is gone, because the database ends a session that is idle for too long
 * (`idle_session_timeout`, from Postgres 14 on) or whose peer does not answer. Then another node has it within a second.
 */
export class PostgresLeadership implements Leadership {
  readonly #sql: postgres.Sql;
  #heldUntil = -Infinity;
  #asking: Promise<void> | undefined;
  #isHeld = false;
  #isClosed = false;
  #isFailing = false;
  #timer: Timer | undefined;
  /** Resolves when the database has answered, or refused to, for the first time. */
  #asked: Promise<void> | undefined;

  constructor(
    url: string,
    private readonly options: { log: Log; metrics: Pick<Metrics, "leads">; nodeId?: string },
    private readonly timing: Timing = usual,
  ) {
    this.#sql = postgres(url, {
      max: 1,
      connect_timeout: 5,
      idle_timeout: 0,
      // A session is the lock: it is not to be renewed for its age.
      max_lifetime: null,
      connection: {
        application_name: `${leadershipName} ${options.nodeId ?? ""}`.trim(),
        statement_timeout: 3_000,
        tcp_keepalives_idle: 5,
        tcp_keepalives_interval: 2,
        tcp_keepalives_count: 3,
      },
      onnotice: () => {},
      onclose: () => this.#lose(),
    });
  }

  start(): void {
    if (this.#timer || this.#isClosed) return;
    // By the real clock, as the database's.
    this.#timer = setInterval(() => void this.ask(), this.timing.renewEveryMs);
    this.#asked = this.ask();
  }

  async isMine(): Promise<boolean> {
    await this.#asked;
    return performance.now() < this.#heldUntil;
  }

  /** Asks for it now, or renews it. Never rejects. */
  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    this.#lose();
    clearInterval(this.#timer);
    await this.#sql.end({ timeout: 1 });
  }

  #lose(): void {
    this.#heldUntil = -Infinity;
    this.#isHeld = false;
    this.options.metrics.leads.set(0);
  }

  async #ask(): Promise<void> {
    const askedAt = performance.now();
    const { heldForMs, lostAfterMs } = this.timing;
    try {
      // Taking a lock that one has is granted as well, and asks the one connection whether it is still the same session.
      const [answer] = await this.#sql<{ held: boolean }[]>`
        SELECT pg_try_advisory_lock(${lockClass}::int, 0) AS held,
          CASE WHEN current_setting('server_version_num')::int >= 140000
            THEN set_config('idle_session_timeout', ${String(lostAfterMs)}, false) END AS lease`;
      const isHeld = answer?.held === true && !this.#isClosed;
      this.#heldUntil = isHeld ? askedAt + heldForMs : -Infinity;
      if (isHeld && !this.#isHeld) this.options.log.info("this node now does what is done once for all nodes");
      this.#isHeld = isHeld;
      this.#isFailing = false;
      this.options.metrics.leads.set(isHeld ? 1 : 0);
    } catch (error) {
      if (!this.#isClosed && !this.#isFailing) {
        this.options.log.warn("the database does not say who leads the nodes; asking on", { error });
      }
      this.#isFailing = true;
    }
  }
}
