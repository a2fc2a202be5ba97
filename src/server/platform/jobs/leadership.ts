import { atMost } from "../at-most.ts";
import { Line } from "../db/postgres/line.ts";
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
const purpose = "leadership";
/** The setting that names the node that had it last; `nobody` when it was laid down. */
const leader = "leader";
const nobody = "";
const goodbyeMs = 1_000;

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
 * Leadership by a session's advisory lock, on a connection of its own, which is the lock: it is never mended. The lock goes
 * with the session: when the node ends, at once; when it is frozen or its machine is gone, because the database ends a
 * session that is idle for too long or whose peer does not answer. Then another node has it within a second.
 *
 * A session can also end without its node hearing of it, in a network that swallows its end: so who comes after one that did
 * not lay it down waits until that one can count on it no longer. `leader` of the settings says who had it last.
 */
export class PostgresLeadership implements Leadership {
  readonly #nodeId: string;
  #line: Line | undefined;
  #heldUntil = -Infinity;
  #notBefore = -Infinity;
  #asking: Promise<void> | undefined;
  #isHeld = false;
  #isClosed = false;
  #isFailing = false;
  #timer: Timer | undefined;
  /** Resolves when the database has answered, or refused to, for the first time. */
  #asked: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly options: { log: Log; metrics: Pick<Metrics, "leads">; nodeId?: string },
    private readonly timing: Timing = usual,
  ) {
    this.#nodeId = options.nodeId ?? Bun.randomUUIDv7();
  }

  start(): void {
    if (this.#timer || this.#isClosed) return;
    // By the real clock, as the database's.
    this.#timer = setInterval(() => void this.ask(), this.timing.renewEveryMs);
    this.#asked = this.ask();
  }

  async isMine(): Promise<boolean> {
    await this.#asked;
    const now = performance.now();
    return this.#notBefore <= now && now < this.#heldUntil;
  }

  /** Asks for it now, or renews it. Never rejects. */
  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    const line = this.#line;
    this.#lose();
    if (!line) return;
    await atMost(goodbyeMs, this.#layDown(line));
    line.end();
  }

  #lose(): void {
    this.#line = undefined;
    this.#heldUntil = -Infinity;
    this.#isHeld = false;
    this.options.metrics.leads.set(0);
  }

  async #ask(): Promise<void> {
    const askedAt = performance.now();
    const { heldForMs } = this.timing;
    let line = this.#line;
    // Whoever hears nothing for so long does not have it any more.
    const tooLate = setTimeout(() => line?.end(), heldForMs);
    try {
      line ??= await this.#connect();
      // Taking a lock that one has is granted as well, and asks the one connection whether it is still the same session.
      const [answer] = await line.run(
        (sql) => sql<{ held: boolean }[]>`SELECT pg_try_advisory_lock(${lockClass}::int, 0) AS held`,
      );
      const isHeld = answer?.held === true;
      if (isHeld && !this.#isHeld && !this.#isClosed) await this.#takeOver(line);
      if (line.isDead || this.#isClosed) return;
      if (isHeld && !this.#isHeld) this.options.log.info("this node now does what is done once for all nodes");
      this.#isHeld = isHeld;
      this.#heldUntil = isHeld ? askedAt + heldForMs : -Infinity;
      this.#isFailing = false;
      this.options.metrics.leads.set(isHeld ? 1 : 0);
    } catch (error) {
      line?.end();
      if (!this.#isClosed && !this.#isFailing) {
        this.options.log.warn("the database does not say who leads the nodes; asking on", { error });
      }
      this.#isFailing = true;
    } finally {
      clearTimeout(tooLate);
    }
  }

  async #connect(): Promise<Line> {
    const line = await Line.open(this.url, {
      purpose: `${purpose} ${this.#nodeId}`,
      settings: {
        statement_timeout: "3s",
        idle_session_timeout: String(this.timing.lostAfterMs),
        tcp_keepalives_idle: "5",
        tcp_keepalives_interval: "2",
        tcp_keepalives_count: "3",
      },
    });
    if (this.#isClosed) line.end();
    else this.#line = line;
    line.onDeath = () => {
      if (this.#line === line) this.#lose();
    };
    return line;
  }

  /** Notes who has it now, and waits where another node may still count on it. */
  async #takeOver(line: Line): Promise<void> {
    const [last] = await line.run(
      (sql) => sql<{ node: string | null }[]>`
        WITH last AS (SELECT value FROM settings WHERE name = ${leader})
        INSERT INTO settings (name, value) VALUES (${leader}, ${this.#nodeId})
        ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING (SELECT value FROM last) AS node`,
    );
    const other = last?.node ?? nobody;
    if (other !== nobody && other !== this.#nodeId) this.#notBefore = performance.now() + this.timing.heldForMs;
  }

  /** Says that whoever is next need not wait. */
  async #layDown(line: Line): Promise<void> {
    try {
      // It may be taking over just now.
      await this.#asking;
      await line.run(
        (sql) => sql`UPDATE settings SET value = ${nobody} WHERE name = ${leader} AND value = ${this.#nodeId}`,
      );
    } catch (error) {
      this.options.log.warn("the next leader of the nodes has to wait for some seconds", { error });
    }
  }
}
