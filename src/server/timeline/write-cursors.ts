import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import { isConstraintViolation } from "../platform/db/errors.ts";
import { jsonRows } from "../platform/db/json-rows.ts";
import { runInLane } from "./lane.ts";

/** A cursor came to `seq` at a moment. */
interface Moment {
  seq: number;
  at: number;
}

/** What is to be written of one member. */
export interface StoredMove {
  roomKey: number;
  userKey: number;
  /** 0: it has not moved. */
  readSeq: number;
  deliveredSeq: number;
  /** The newest receipts, if there were any: moments that others may ask for. */
  readMove: Moment | undefined;
  deliveredMove: Moment | undefined;
}

/** Moments kept of a member, of either kind. */
const momentsMax = 200;
const keptForMs = 30 * 86_400_000;
/** One in so many receipts has its member's old moments deleted. */
const pruneEvery = 64;

/** Writes cursors. A room that was deleted meanwhile takes its cursors along: they must not hold up the others'. */
export async function writeMoves(ctx: Context, moves: readonly StoredMove[]): Promise<void> {
  try {
    await write(ctx, moves);
  } catch (error) {
    if (!isConstraintViolation(error)) throw error;
    if (moves.length === 1) return;
    for (const move of moves) await writeMoves(ctx, [move]);
  }
}

/** One statement for all cursors, one for all moments. */
async function write(ctx: Context, moves: readonly StoredMove[]): Promise<void> {
  const { db } = ctx;
  const moments = momentsOf(moves);
  if (db.dialect === "postgres") {
    await db.write(async (tx) => {
      await upsert(ctx, tx, moves);
      if (moments.length > 0) await note(ctx, tx, moments);
      for (const moment of toPrune(moments)) await prune(ctx, tx, moment);
    });
    return;
  }
  // Where the messages are written too: a commit of another connection would stop the event loop while it is synced to
  // disk, and empty the page cache of the lane's.
  const statements = [
    upsert(ctx, db.read, moves),
    ...(moments.length > 0 ? [note(ctx, db.read, moments)] : []),
    ...toPrune(moments).map((moment) => prune(ctx, db.read, moment)),
  ].map((query) => {
    const { sql: text, params } = query.toSQL();
    return { sql: text, values: parameters.parse(params) };
  });
  await db.writers.run(() => runInLane(ctx, statements));
}

const parameters = z.array(z.union([z.string(), z.number()]));

/** A row is made only in the lobby, whose members have none until one is needed. */
function upsert(ctx: Context, queries: Pick<Queries, "insert">, moves: readonly StoredMove[]) {
  const { members } = ctx.db.tables;
  const rows = jsonRows(
    ctx.db,
    ["room_key", "user_key", "read_seq", "delivered_seq"],
    moves.map(({ roomKey, userKey, readSeq, deliveredSeq }) => ({
      room_key: roomKey,
      user_key: userKey,
      read_seq: readSeq,
      delivered_seq: Math.max(readSeq, deliveredSeq),
    })),
  );
  return (
    queries
      .insert(members)
      // In the order of the table's columns. WHERE: without it SQLite takes the ON of the conflict for a join's.
      .select(
        sql`SELECT room_key, user_key, 'member', true, read_seq, delivered_seq, NULL, 0, CAST(${ctx.clock.now()} AS bigint), 'all', 0 FROM ${rows} WHERE true`,
      )
      .onConflictDoUpdate({
        target: [members.room_key, members.user_key],
        set: {
          read_seq: sql`CASE WHEN excluded.read_seq > ${members.read_seq} THEN excluded.read_seq ELSE ${members.read_seq} END`,
          delivered_seq: sql`CASE WHEN excluded.delivered_seq > ${members.delivered_seq} THEN excluded.delivered_seq ELSE ${members.delivered_seq} END`,
        },
      })
  );
}

const kinds = ["read", "delivered"] as const;

interface NotedMoment extends Moment {
  roomKey: number;
  userKey: number;
  kind: (typeof kinds)[number];
}

function momentsOf(moves: readonly StoredMove[]): NotedMoment[] {
  return moves.flatMap(({ roomKey, userKey, readMove, deliveredMove }) => [
    ...(readMove ? [{ ...readMove, roomKey, userKey, kind: "read" as const }] : []),
    ...(deliveredMove ? [{ ...deliveredMove, roomKey, userKey, kind: "delivered" as const }] : []),
  ]);
}

function note(ctx: Context, queries: Pick<Queries, "insert">, moments: readonly NotedMoment[]) {
  const { cursor_moves } = ctx.db.tables;
  const rows = jsonRows(
    ctx.db,
    ["room_key", "user_key", "is_read", "seq", "at"],
    moments.map(({ roomKey, userKey, kind, seq, at }) => ({
      room_key: roomKey,
      user_key: userKey,
      is_read: kind === "read" ? 1 : 0,
      seq,
      at,
    })),
  );
  return queries
    .insert(cursor_moves)
    .select(
      sql`SELECT room_key, user_key, CASE WHEN is_read = 1 THEN 'read' ELSE 'delivered' END, seq, at FROM ${rows} WHERE true`,
    )
    .onConflictDoNothing();
}

let noted = 0;

/** Those whose member is to lose what is old: a few of many, so that in time it is everybody's turn. */
function toPrune(moments: readonly NotedMoment[]): NotedMoment[] {
  return moments.filter(() => ++noted % pruneEvery === 0);
}

function prune(ctx: Context, queries: Pick<Queries, "delete">, { roomKey, userKey, kind, at }: NotedMoment) {
  const { cursor_moves } = ctx.db.tables;
  const own = sql`room_key = ${roomKey} AND user_key = ${userKey} AND kind = ${kind}`;
  const oldest = sql`(SELECT seq FROM cursor_moves WHERE ${own} ORDER BY seq DESC LIMIT 1 OFFSET ${momentsMax - 1})`;
  return queries
    .delete(cursor_moves)
    .where(sql`${own} AND (seq < coalesce(${oldest}, 0) OR at < CAST(${at - keptForMs} AS bigint))`);
}
