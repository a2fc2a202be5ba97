import { perContext, type Context } from "../context.ts";
import type { RemoteDatabase } from "../platform/db/database.ts";
import { indexOnLibsql } from "./index-libsql.ts";
import { PostgresIndexer } from "./index-postgres.ts";
import type { Slice } from "./slice.ts";

/** How often it looks whether there is something to do. */
export const lookEveryMs = 200;
/**
 * Above so many new messages a second, sends go first: a slice holds the writers' lock for some 15 ms, and while slices
 * took a twentieth of the time, that was what one send in a hundred waited for. Of what follows, indexing takes a 200th.
 */
const floodPerSecond = 5_000;
const floodSpanMs = 100;
const pausesPerSlice = 199;
/** A backlog of this many is told in the log, and its progress this often. */
const backlogMin = 10_000;
const tellEveryMs = 5_000;

/**
 * Brings messages into the search index: after their commit, in small slices with the event loop free between them, and
 * from a cursor in the database, so that it goes on where it was after any end of the process.
 */
class Indexer {
  readonly #slice: () => Promise<Slice>;
  readonly #closed = Promise.withResolvers<void>();
  #isClosed = false;
  #running: Promise<void> | undefined;
  #seen = { key: 0, atMs: 0, isFlood: false };

  constructor(private readonly ctx: Context) {
    this.#slice = slices(ctx);
  }

  /** Indexes what there is; resolves when nothing is left, or at the end of the context. */
  async run(): Promise<void> {
    // What is under way may have looked before the caller's message came.
    await this.#running;
    this.#running ??= this.#work().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closed.resolve();
    await this.#running;
  }

  async #work(): Promise<void> {
    const { log, metrics } = this.ctx;
    let backlog: { fromKey: number; toldAtMs: number } | undefined;
    while (!this.#isClosed) {
      const startedMs = performance.now();
      const slice = await this.#slice();
      const tookMs = performance.now() - startedMs;
      const behind = Math.max(0, slice.lastKey - slice.indexedKey);
      metrics.searchBehind.set(behind);
      if (slice.messages > 0) {
        metrics.searchIndexed.inc(slice.messages);
        metrics.searchSliceSeconds.observe(tookMs / 1_000);
      }
      if (slice.isLast) break;
      if (!backlog && behind >= backlogMin) {
        log.info("messages wait for the search index", { messages: behind });
        backlog = { fromKey: slice.indexedKey, toldAtMs: startedMs };
      } else if (backlog && startedMs - backlog.toldAtMs > tellEveryMs) {
        log.info("indexing messages for search", { indexed: slice.indexedKey - backlog.fromKey, left: behind });
        backlog.toldAtMs = startedMs;
      }
      await this.#giveWay(this.#isFlood(slice.lastKey) ? tookMs * pausesPerSlice : 0);
    }
    if (backlog && !this.#isClosed) log.info("the search index is complete");
  }

  /** Whether messages come faster than both can be done. Measured over a tenth of a second and more. */
  #isFlood(lastKey: number): boolean {
    const { key, atMs, isFlood } = this.#seen;
    const passedMs = performance.now() - atMs;
    if (passedMs < floodSpanMs) return isFlood;
    const perSecond = ((lastKey - key) / passedMs) * 1_000;
    this.#seen = { key: lastKey, atMs: performance.now(), isFlood: key > 0 && perSecond > floodPerSecond };
    return this.#seen.isFlood;
  }

  async #giveWay(ms: number): Promise<void> {
    if (ms === 0) return new Promise((resolve) => setImmediate(resolve));
    await Promise.race([Bun.sleep(ms), this.#closed.promise]);
  }
}

function slices(ctx: Context): () => Promise<Slice> {
  const { db } = ctx;
  if (db.dialect === "libsql") return db.isRemote ? whenWritten(ctx, db) : () => indexOnLibsql(ctx, db);
  const indexer = new PostgresIndexer(db);
  return () => indexer.next();
}

/** Behind a network every look is a round trip: there it looks when this process, the only one, has written something. */
function whenWritten(ctx: Context, db: RemoteDatabase): () => Promise<Slice> {
  let seen: { writes: number; slice: Slice } | undefined;
  return async () => {
    const { writes } = db;
    if (seen?.writes === writes && seen.slice.isLast) return { ...seen.slice, messages: 0 };
    const slice = await indexOnLibsql(ctx, db);
    seen = { writes, slice };
    return slice;
  };
}

const indexers = perContext((ctx) => {
  const indexer = new Indexer(ctx);
  ctx.onClose(() => indexer.close());
  return indexer;
});

/** Indexes what waits; resolves when all that was committed before can be found. */
export function catchUp(ctx: Context): Promise<void> {
  return indexers(ctx).run();
}
