import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { jsonRows } from "../platform/db/json-rows.ts";

/** Written together, so often and so many at a time: ten thousand who leave at once cost twenty times 5 ms, spread. */
export const writeLastSeenEveryMs = 5_000;
const rowsPerTransaction = 500;
const rememberedMax = 100_000;

/** When people were seen last, on its way to the database. */
export class LastSeen {
  #waiting = new Map<number, number>();
  /** The newest there is, also what another node has yet to write. */
  readonly #known = new RecentMap<number, number>(rememberedMax);

  constructor(private readonly ctx: Pick<Context, "db">) {}

  /** To be written by this node. */
  note(userKey: number, at: number): void {
    this.learn(userKey, at);
    if (at > (this.#waiting.get(userKey) ?? -1)) this.#waiting.set(userKey, at);
  }

  /** Another node writes it. */
  learn(userKey: number, at: number): void {
    if (at > (this.#known.get(userKey) ?? -1)) this.#known.set(userKey, at);
  }

  /** The later of what the database had and what is not in it yet. */
  latest(userKey: number, stored: number | null): number | null {
    const known = this.#known.get(userKey);
    return known !== undefined && known > (stored ?? -1) ? known : stored;
  }

  /** Writes some of what waits; gives whether more does. */
  async write(): Promise<boolean> {
    const part = [...this.#waiting.entries().take(rowsPerTransaction)];
    if (part.length === 0) return false;
    for (const [key] of part) this.#waiting.delete(key);
    try {
      await this.#store(part);
    } catch (error) {
      for (const [key, at] of part) this.note(key, at);
      throw error;
    }
    return this.#waiting.size > 0;
  }

  async #store(part: readonly (readonly [number, number])[]): Promise<void> {
    const { db } = this.ctx;
    const { users } = db.tables;
    const rows = jsonRows(
      db,
      ["user_key", "at"],
      part.map(([user_key, at]) => ({ user_key, at })),
    );
    const isLater = sql`json_rows.at > coalesce(${users.last_seen_at}, -1)`;
    await db.write((tx) =>
      tx
        .update(users)
        .set({ last_seen_at: sql`json_rows.at` })
        .from(rows)
        .where(sql`${users.key} = json_rows.user_key AND ${isLater}`),
    );
  }
}
