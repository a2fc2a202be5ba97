import { and, asc, count, desc, eq, inArray, isNull, sql, type SQL } from "drizzle-orm";
import { z } from "zod";
import { perContext, type Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";
import { jsonNumbers, jsonRows, jsonTexts, keysGiven } from "../platform/db/json-rows.ts";
import { runInLane } from "../timeline/lane.ts";

export type NotificationRow = Tables["notifications"]["$inferSelect"];
/** A notification that is yet to be stored. */
export type NewNotification = Omit<NotificationRow, "key">;

/** A statement that can be sent from here, or be put into words for the lane's thread. */
interface Buildable extends PromiseLike<unknown> {
  toSQL(): { sql: string; params: unknown[] };
}

const parameters = z.array(z.union([z.string(), z.number()]));

/**
 * Writes where the messages are written, too: on libSQL a commit on the main thread would stop the event loop while it is
 * synced to disk.
 */
async function write(
  ctx: Context,
  ...build: ((queries: Pick<Queries, "insert" | "update" | "delete">) => Buildable)[]
) {
  const { db } = ctx;
  if (db.dialect === "postgres") {
    await db.write(async (tx) => {
      for (const each of build) await each(tx);
    });
    return;
  }
  const statements = build.map((each) => each(db.read as never).toSQL());
  await db.writers.run(() =>
    runInLane(
      ctx,
      statements.map(({ sql, params }) => ({ sql, values: parameters.parse(params) })),
    ),
  );
}

/** Stores what was not told before; gives the ids of those that were stored now. */
export async function insertNew(ctx: Context, rows: readonly NewNotification[]): Promise<Set<string>> {
  const { db } = ctx;
  const { notifications } = db.tables;
  const target = [notifications.user_key, notifications.source];
  if (db.dialect === "postgres") {
    const stored = await db.write((tx) =>
      tx
        .insert(notifications)
        .values([...rows])
        .onConflictDoNothing({ target })
        .returning({ id: notifications.id }),
    );
    return new Set(stored.map(({ id }) => id));
  }
  const json = JSON.stringify(
    rows.map((row) => [
      row.id,
      row.user_key,
      row.kind,
      row.actor_key,
      row.room_key,
      row.message_id,
      row.seq,
      row.text,
      row.source,
      row.created_at,
      row.read_at,
    ]),
  );
  const cells = sql.join(
    Array.from({ length: 11 }, (_, index) => sql`value ->> ${sql.raw(String(index))}`),
    sql`, `,
  );
  await write(ctx, (queries) =>
    queries
      .insert(notifications)
      // In the order of the table's columns. WHERE: without it SQLite takes the ON of the conflict for a join's.
      .select(sql`SELECT NULL, ${cells} FROM json_each(${json}) WHERE true`)
      .onConflictDoNothing({ target }),
  );
  const ids = rows.map(({ id }) => id);
  const stored = await db.read
    .select({ id: notifications.id })
    .from(notifications)
    .where(inArray(notifications.id, jsonTexts(db, ids)));
  return new Set(stored.map(({ id }) => id));
}

type Found = Pick<NotificationRow, "key" | "id" | "user_key" | "source">;

function found({ key, id, user_key, source }: Tables["notifications"]) {
  return { key, id, user_key, source };
}

async function find(ctx: Context, where: SQL | undefined): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  return ctx.db.read.select(found(notifications)).from(notifications).where(where);
}

/** What tells of these messages. */
export function ofMessages(ctx: Context, messageIds: readonly string[]): Promise<Found[]> {
  return find(ctx, inArray(ctx.db.tables.notifications.message_id, jsonTexts(ctx.db, messageIds)));
}

/** What tells these people of one thing. */
export function ofSource(ctx: Context, userKey: number, source: string): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  return find(ctx, and(eq(notifications.user_key, userKey), eq(notifications.source, source)));
}

/** What somebody did, as one person was told of it. */
export function ofActor(ctx: Context, userKey: number, actorKey: number): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  return find(ctx, and(eq(notifications.user_key, userKey), eq(notifications.actor_key, actorKey)));
}

/** What people were told of a room. */
export function ofRoom(ctx: Context, roomKey: number, userKeys: readonly number[]): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  return find(
    ctx,
    and(eq(notifications.room_key, roomKey), inArray(notifications.user_key, jsonNumbers(ctx.db, userKeys))),
  );
}

/**
 * What people have not read of what happened in rooms up to where they have read. A reaction comes to an old message: one
 * that came after the reading is not read by it.
 */
export async function unreadUpTo(
  ctx: Context,
  reads: readonly { userKey: number; roomKey: number; seq: number; atMs: number }[],
): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  const rows = jsonRows(
    ctx.db,
    ["user_key", "room_key", "seq", "at_ms"],
    reads.map(({ userKey, roomKey, seq, atMs }) => ({ user_key: userKey, room_key: roomKey, seq, at_ms: atMs })),
  );
  return ctx.db.read
    .select(found(notifications))
    .from(rows)
    .innerJoin(
      notifications,
      and(
        sql`${notifications.user_key} = json_rows.user_key`,
        sql`${notifications.room_key} = json_rows.room_key`,
        isNull(notifications.read_at),
        // Without a place it tells that one is in the room at all.
        sql`(${notifications.seq} IS NULL OR ${notifications.seq} <= json_rows.seq)`,
        sql`(${notifications.kind} <> 'reaction' OR ${notifications.created_at} < json_rows.at_ms)`,
      ),
    );
}

export async function setRead(ctx: Context, keys: readonly number[], atMs: number): Promise<void> {
  const { notifications } = ctx.db.tables;
  await write(ctx, (queries) =>
    queries
      .update(notifications)
      .set({ read_at: atMs })
      .where(and(inArray(notifications.key, jsonNumbers(ctx.db, keys)), isNull(notifications.read_at))),
  );
}

export async function remove(ctx: Context, keys: readonly number[]): Promise<void> {
  const { notifications } = ctx.db.tables;
  await write(ctx, (queries) =>
    queries.delete(notifications).where(inArray(notifications.key, jsonNumbers(ctx.db, keys))),
  );
}

/** All that somebody has not read. */
export function unreadOf(ctx: Context, userKey: number): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  return find(ctx, and(eq(notifications.user_key, userKey), isNull(notifications.read_at)));
}

/** Those of these ids that are this person's. */
export function ownOf(ctx: Context, userKey: number, ids: readonly string[]): Promise<Found[]> {
  const { notifications } = ctx.db.tables;
  return find(ctx, and(eq(notifications.user_key, userKey), inArray(notifications.id, jsonTexts(ctx.db, ids))));
}

/** How many these people have not read; who is missing has read all. */
export async function unreadCounts(ctx: Context, userKeys: readonly number[]): Promise<Map<number, number>> {
  const rows = await unreadBy(ctx).execute({ keys: JSON.stringify(userKeys) });
  return new Map(rows.map(({ key, unread }) => [key, unread]));
}

const unreadBy = perContext(({ db }) => {
  const { notifications } = db.tables;
  return db.read
    .select({ key: notifications.user_key, unread: count() })
    .from(notifications)
    .where(and(inArray(notifications.user_key, keysGiven(db)), isNull(notifications.read_at)))
    .groupBy(notifications.user_key)
    .prepare();
});

/** The rooms of which these people have something unread. */
export async function unreadRooms(ctx: Context, userKeys: readonly number[]) {
  const { notifications } = ctx.db.tables;
  return ctx.db.read
    .selectDistinct({ userKey: notifications.user_key, roomKey: notifications.room_key })
    .from(notifications)
    .where(and(inArray(notifications.user_key, jsonNumbers(ctx.db, userKeys)), isNull(notifications.read_at)));
}

/** One page of a person's notifications, the newest first, and how many there are. */
export async function pageOf(
  ctx: Context,
  userKey: number,
  { unread, limit, offset }: { unread: boolean; limit: number; offset: number },
): Promise<{ rows: NotificationRow[]; total: number }> {
  const { notifications } = ctx.db.tables;
  const wanted = and(eq(notifications.user_key, userKey), unread ? isNull(notifications.read_at) : undefined);
  const rows = await ctx.db.read
    .select()
    .from(notifications)
    .where(wanted)
    .orderBy(desc(notifications.key))
    .limit(limit)
    .offset(offset);
  const [counted] = await ctx.db.read.select({ total: count() }).from(notifications).where(wanted);
  return { rows, total: counted?.total ?? 0 };
}

/** How many notifications of reactions to one message somebody has. */
export async function reactionsTold(ctx: Context, userKey: number, messageId: string): Promise<number> {
  const { notifications } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ total: count() })
    .from(notifications)
    .where(
      and(
        eq(notifications.message_id, messageId),
        eq(notifications.user_key, userKey),
        eq(notifications.kind, "reaction"),
      ),
    );
  return row?.total ?? 0;
}

/** The oldest notifications of all, and when they were made. */
export function oldest(ctx: Context, limit: number) {
  const { notifications } = ctx.db.tables;
  return ctx.db.read
    .select({ key: notifications.key, createdAt: notifications.created_at })
    .from(notifications)
    .orderBy(asc(notifications.key))
    .limit(limit);
}

/** Keys of what a person has beyond the newest `kept`. */
export async function beyond(ctx: Context, userKey: number, kept: number, limit: number): Promise<number[]> {
  const { notifications } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ key: notifications.key })
    .from(notifications)
    .where(eq(notifications.user_key, userKey))
    .orderBy(desc(notifications.key))
    .limit(limit)
    .offset(kept);
  return rows.map(({ key }) => key);
}
