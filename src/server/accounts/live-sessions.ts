import { inArray } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { Cache } from "../platform/cache/cache.ts";
import { Gathered } from "../platform/cache/gathered.ts";

/** A session as the server remembers it between two requests. */
interface LiveSession {
  readonly userKey: number;
  readonly expiresAtMs: number;
  lastUsedAtMs: number;
}

/** The name of the cache in `ctx.caches`; its keys are session ids. */
export const sessionsCache = "sessions";

const sessionsMax = 50_000;

/** How exactly "last used" is known: a finer grain would be a write for every request. */
const lastUsedGrainMs = 10 * 60_000;

/** The sessions that have not been ended, from memory where possible. */
export class LiveSessions {
  readonly #cache: Cache<LiveSession>;
  #used = new Map<string, number>();

  constructor(private readonly ctx: Context) {
    const asked = new Gathered<string, LiveSession>((ids) => this.#load(ids));
    this.#cache = new Cache(sessionsMax, (id) => asked.get(id));
    ctx.caches.register(sessionsCache, (id) => this.#cache.drop(id), { clear: () => this.#cache.clear() });
  }

  /** Whether the session exists, belongs to the person and has not run out. */
  async isLive(sessionId: string, userKey: number): Promise<boolean> {
    const now = this.ctx.clock.now();
    let session = await this.#cache.get(sessionId);
    if (session && session.expiresAtMs <= now) {
      // Perhaps it was refreshed, which prolongs it, on another node.
      this.#cache.drop(sessionId);
      session = await this.#cache.get(sessionId);
    }
    if (!session || session.userKey !== userKey || session.expiresAtMs <= now) return false;
    if (now - session.lastUsedAtMs > lastUsedGrainMs) {
      session.lastUsedAtMs = now;
      this.#used.set(sessionId, now);
    }
    return true;
  }

  /** Which sessions were used since the last call, and when. */
  takeUsed(): Map<string, number> {
    const used = this.#used;
    this.#used = new Map();
    return used;
  }

  async #load(ids: string[]): Promise<Map<string, LiveSession>> {
    const { sessions } = this.ctx.db.tables;
    const rows = await this.ctx.db.read
      .select({
        id: sessions.id,
        userKey: sessions.user_key,
        expiresAtMs: sessions.expires_at,
        lastUsedAtMs: sessions.last_used_at,
      })
      .from(sessions)
      .where(inArray(sessions.id, ids));
    return new Map(
      rows.map(({ id, userKey, expiresAtMs, lastUsedAtMs }) => [id, { userKey, expiresAtMs, lastUsedAtMs }]),
    );
  }
}

export const liveSessions = perContext((ctx) => new LiveSessions(ctx));
