import { inArray } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { Gathered } from "../platform/cache/gathered.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { keysGiven } from "../platform/db/json-rows.ts";

/** Both sides of a person's blocks, by key. */
export interface Blocks {
  /** Of whom they want to see nothing. */
  readonly blocked: ReadonlySet<number>;
  /** Who wants to see nothing of them. */
  readonly blockers: ReadonlySet<number>;
}

/** Of most people: nobody. */
const none: Blocks = { blocked: new Set(), blockers: new Set() };

const rememberedMax = 50_000;
const cacheName = "blocks";
/** Parameters of one statement stay far below what either database takes. */
const keysPerQuery = 500;

/** The blocks of these people and against them. */
const around = perContext(({ db }) => {
  const { blocks } = db.tables;
  const wanted = keysGiven(db);
  const both = { by: blocks.user_key, of: blocks.blocked_key };
  return db.read
    .select(both)
    .from(blocks)
    .where(inArray(blocks.user_key, wanted))
    .union(db.read.select(both).from(blocks).where(inArray(blocks.blocked_key, wanted)))
    .prepare();
});

class BlockLists {
  readonly #known = new RecentMap<number, Blocks>(rememberedMax);
  /** Keys dropped while a load is under way, one set a load: what it brings of them may be stale. */
  readonly #overtaken = new Set<Set<number>>();
  #clearings = 0;
  /** Thousands are asked for at once, one by one, when their node dies. */
  readonly #asked = new Gathered((userKeys: number[]) => this.of(userKeys));

  constructor(private readonly ctx: Context) {}

  known(userKey: number): Blocks | undefined {
    return this.#known.get(userKey);
  }

  async one(userKey: number): Promise<Blocks> {
    return this.#known.get(userKey) ?? (await this.#asked.get(userKey)) ?? none;
  }

  async of(userKeys: Iterable<number>): Promise<Map<number, Blocks>> {
    const found = new Map<number, Blocks>();
    const missing: number[] = [];
    for (const key of new Set(userKeys)) {
      const known = this.#known.get(key);
      if (known) found.set(key, known);
      else missing.push(key);
    }
    for (let at = 0; at < missing.length; at += keysPerQuery) {
      for (const [key, blocks] of await this.#load(missing.slice(at, at + keysPerQuery))) found.set(key, blocks);
    }
    return found;
  }

  drop(userKey: number): void {
    this.#known.delete(userKey);
    for (const dropped of this.#overtaken) dropped.add(userKey);
  }

  clear(): void {
    this.#known.clear();
    this.#clearings++;
  }

  async #load(keys: readonly number[]): Promise<Map<number, Blocks>> {
    const dropped = new Set<number>();
    const clearings = this.#clearings;
    this.#overtaken.add(dropped);
    try {
      const rows = await around(this.ctx).execute({ keys: JSON.stringify(keys) });
      const blocked = Map.groupBy(rows, ({ by }) => by);
      const blockers = Map.groupBy(rows, ({ of }) => of);
      const found = new Map<number, Blocks>();
      for (const key of keys) {
        const mine = blocked.get(key);
        const others = blockers.get(key);
        const both: Blocks =
          mine || others
            ? {
                blocked: new Set(mine?.map(({ of }) => of)),
                blockers: new Set(others?.map(({ by }) => by)),
              }
            : none;
        found.set(key, both);
        if (!dropped.has(key) && clearings === this.#clearings) this.#known.set(key, both);
      }
      return found;
    } finally {
      this.#overtaken.delete(dropped);
    }
  }
}

const lists = perContext((ctx) => {
  const made = new BlockLists(ctx);
  ctx.caches.register(cacheName, (key) => made.drop(Number(key)), { clear: () => made.clear(), holdsRights: true });
  return made;
});

/** The blocks of each of these people, usually from memory. */
export async function blocksOf(ctx: Context, userKeys: Iterable<number>): Promise<Map<number, Blocks>> {
  return lists(ctx).of(userKeys);
}

/** {@link blocksOfOne} if it is remembered; `undefined` says nothing. */
export function knownBlocks(ctx: Context, userKey: number): Blocks | undefined {
  return lists(ctx).known(userKey);
}

/** {@link blocksOf} one. */
export async function blocksOfOne(ctx: Context, userKey: number): Promise<Blocks> {
  return lists(ctx).one(userKey);
}

/** Whether one of the two has blocked the other. */
export async function areApart(ctx: Context, userKey: number, otherKey: number): Promise<boolean> {
  const { blocked, blockers } = await blocksOfOne(ctx, userKey);
  return blocked.has(otherKey) || blockers.has(otherKey);
}

/** Forgets these people's blocks, on every node. Call it right after the commit that changed them. */
export function forgetBlocks(ctx: Context, userKeys: readonly number[]): void {
  for (const key of userKeys) ctx.publish.invalidate(cacheName, `${key}`);
}
