import { inArray } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";
import type { RunThere } from "../platform/db/postgres/replica.ts";

/** Where something is read: the database, or a replica of it. */
export type ReadFrom = Pick<Context, "db">;

/** Whether it was said that the replica is another database's. */
const told = perContext(() => ({ isForeign: false }));

/**
 * Runs `work`, which only reads messages of these rooms, on the replica, if there is one that is known to have reached the
 * `rev` at which each of the rooms is now: every durable change of a room takes a `rev` in its own transaction, so that
 * nothing of it is missing there. Otherwise on the primary.
 */
export async function onReplica<T>(
  ctx: Context,
  roomKeys: readonly number[],
  work: (from: ReadFrom) => Promise<T>,
): Promise<T> {
  const { db } = ctx;
  if (db.dialect !== "postgres" || !db.replica || roomKeys.length === 0) return work(ctx);
  const { rooms } = db.tables;
  const needed = await db.read
    .select({ key: rooms.key, rev: rooms.rev })
    .from(rooms)
    .where(inArray(rooms.key, jsonNumbers(db, roomKeys)));
  const there = await db.replica.read(
    (run) => hasReached(ctx, run, needed),
    (run) => work({ db: db.reading(run) }),
  );
  return there ? there.value : work(ctx);
}

async function hasReached(ctx: Context, run: RunThere, needed: readonly { key: number; rev: number }[]) {
  const [found] = await run(
    (sql) => sql<{ epoch: string | null; reached: number }[]>`
      SELECT (SELECT value FROM settings WHERE name = 'epoch') AS epoch,
        (SELECT count(*) FROM json_to_recordset(${JSON.stringify(needed)}::text::json) AS n(key bigint, rev bigint)
          JOIN rooms ON rooms.key = n.key AND rooms.rev >= n.rev) AS reached`,
  );
  // Absent where the replica has not yet got so far as the first start.
  const isForeign = found?.epoch != null && found.epoch !== ctx.epoch;
  if (isForeign && !told(ctx).isForeign) {
    ctx.log.error("DATABASE_REPLICA_URL leads to no replica of this database, and is not used; correct it");
  }
  told(ctx).isForeign = isForeign;
  return !isForeign && found?.reached === needed.length;
}
