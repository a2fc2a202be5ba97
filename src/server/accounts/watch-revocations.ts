import { perContext, type Context } from "../context.ts";
import { sessionsCache } from "./live-sessions.ts";
import { peopleCache } from "./people.ts";
import { lastRevocation, revocationsAfter } from "./session-store.ts";

/** How long a transaction that writes revocations may take to commit. */
const slowestCommitMs = 10_000;
/** Read again at start: what was numbered before the last one may have been committed after it. */
const overlap = 100;
const rowsPerPoll = 1_000;

/**
 * Applies what another process has revoked: the CLI, or a node whose message was lost. Keys are numbered before they
 * are committed, so on Postgres a lower one may appear after a higher one: everything that young is read again.
 */
class RevocationWatch {
  /** Everything up to here has been applied for good. */
  #floor: number | undefined;
  /** Applied above the floor: key → when. */
  readonly #applied = new Map<number, number>();

  constructor(private readonly ctx: Context) {}

  async poll(): Promise<void> {
    const now = this.ctx.clock.now();
    this.#floor ??= Math.max(0, (await lastRevocation(this.ctx)) - overlap);
    for (let from = this.#floor; ;) {
      const rows = await revocationsAfter(this.ctx, from, rowsPerPoll);
      for (const { key, user_id, session_id } of rows) {
        from = key;
        if (this.#applied.has(key)) continue;
        this.#applied.set(key, now);
        this.#apply(user_id, session_id);
      }
      if (rows.length < rowsPerPoll) break;
    }
    for (const [key, appliedAtMs] of [...this.#applied].sort(([a], [b]) => a - b)) {
      if (appliedAtMs > now - slowestCommitMs) break;
      this.#floor = key;
      this.#applied.delete(key);
    }
  }

  /** Every node reads the table itself, so this stays on this one; doing it twice is harmless. */
  #apply(userId: string, sessionId: string | null): void {
    if (sessionId === null) {
      this.ctx.caches.drop(peopleCache, userId);
      return;
    }
    this.ctx.caches.drop(sessionsCache, sessionId);
    this.ctx.publish.disconnect({ userId, sessionId }, 4001);
  }
}

export const revocationWatch = perContext((ctx) => new RevocationWatch(ctx));
