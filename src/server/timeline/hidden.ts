import { asc, inArray } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { keysGiven } from "../platform/db/json-rows.ts";

/** What one person has deleted in one room for themselves alone. */
export interface HiddenInRoom {
  readonly seqs: ReadonlySet<number>;
  /** The room's `rev` when the last of them was hidden. */
  readonly rev: number;
}

/** The same by room. */
export type Hidden = ReadonlyMap<number, HiddenInRoom>;

/** Of most people: nothing. */
const nothing: Hidden = new Map();

interface Hiding {
  userKey: number;
  roomKey: number;
  seq: number;
  rev: number;
}

/** People remembered at once, and messages all together (G7): some 40 bytes each. */
const peopleMax = 50_000;
const messagesMax = 500_000;
const cacheName = "hidden";
/** Parameters of one statement stay far below what either database takes. */
const keysPerQuery = 500;

const sizeOf = (hidden: Hidden) => hidden.values().reduce((sum, { seqs }) => sum + seqs.size, 0);

const hiddenBy = perContext(({ db }) => {
  const { hidden_messages } = db.tables;
  return db.read
    .select({
      userKey: hidden_messages.user_key,
      roomKey: hidden_messages.room_key,
      seq: hidden_messages.seq,
      rev: hidden_messages.rev,
    })
    .from(hidden_messages)
    .where(inArray(hidden_messages.user_key, keysGiven(db)))
    .orderBy(asc(hidden_messages.user_key), asc(hidden_messages.room_key))
    .prepare();
});

class HiddenLists {
  readonly #known = new RecentMap<number, Hidden>(peopleMax);
  #messages = 0;
  /** Keys dropped while a load is under way, one set a load: what it brings of them may be stale. */
  readonly #overtaken = new Set<Set<number>>();
  #clearings = 0;

  constructor(private readonly ctx: Context) {}

  async of(userKeys: Iterable<number>): Promise<Map<number, Hidden>> {
    const found = new Map<number, Hidden>();
    const missing: number[] = [];
    for (const key of new Set(userKeys)) {
      const known = this.#known.get(key);
      if (known) found.set(key, known);
      else missing.push(key);
    }
    for (let at = 0; at < missing.length; at += keysPerQuery) {
      for (const [key, hidden] of await this.#load(missing.slice(at, at + keysPerQuery))) found.set(key, hidden);
    }
    return found;
  }

  /** Adds to what is remembered: somebody who hides thousands must not have them read anew for each. */
  add({ userKey, roomKey, seq, rev }: Hiding): void {
    for (const dropped of this.#overtaken) dropped.add(userKey);
    const known = this.#known.get(userKey);
    if (!known) return;
    const there = known.get(roomKey);
    const seqs = new Set(there?.seqs).add(seq);
    this.#known.set(userKey, new Map(known).set(roomKey, { seqs, rev: Math.max(rev, there?.rev ?? 0) }));
    this.#messages++;
  }

  clear(): void {
    this.#known.clear();
    this.#messages = 0;
    this.#clearings++;
  }

  #remember(userKey: number, hidden: Hidden): void {
    this.#messages += sizeOf(hidden);
    if (this.#messages > messagesMax) {
      this.#known.clear();
      this.#messages = sizeOf(hidden);
    }
    this.#known.set(userKey, hidden);
  }

  async #load(keys: readonly number[]): Promise<Map<number, Hidden>> {
    const dropped = new Set<number>();
    const clearings = this.#clearings;
    this.#overtaken.add(dropped);
    try {
      const rows = await hiddenBy(this.ctx).execute({ keys: JSON.stringify(keys) });
      const found = new Map<number, Hidden>(keys.map((key) => [key, nothing]));
      for (const [userKey, own] of Map.groupBy(rows, ({ userKey }) => userKey)) {
        const byRoom = Map.groupBy(own, ({ roomKey }) => roomKey);
        found.set(
          userKey,
          new Map(
            [...byRoom].map(([roomKey, there]) => [
              roomKey,
              {
                seqs: new Set(there.map(({ seq }) => seq)),
                rev: there.reduce((last, { rev }) => Math.max(last, rev), 0),
              },
            ]),
          ),
        );
      }
      for (const [key, hidden] of found) {
        if (!dropped.has(key) && clearings === this.#clearings) this.#remember(key, hidden);
      }
      return found;
    } finally {
      this.#overtaken.delete(dropped);
    }
  }
}

const lists = perContext((ctx) => {
  const made = new HiddenLists(ctx);
  const add = (key: string) => {
    const [userKey = 0, roomKey = 0, seq = 0, rev = 0] = key.split(" ").map(Number);
    made.add({ userKey, roomKey, seq, rev });
  };
  ctx.caches.register(cacheName, add, { clear: () => made.clear() });
  return made;
});

/** What each of these people has deleted for themselves alone, usually from memory. */
export async function hiddenOf(ctx: Context, userKeys: Iterable<number>): Promise<Map<number, Hidden>> {
  return lists(ctx).of(userKeys);
}

/** Notes on every node that a person has hidden a message. Call it right after the commit. */
export function noteHidden(ctx: Context, { userKey, roomKey, seq, rev }: Hiding): void {
  ctx.publish.invalidate(cacheName, `${userKey} ${roomKey} ${seq} ${rev}`);
}
