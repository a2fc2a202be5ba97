import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Cursor } from "../../protocol/models.ts";
import { perContext, type Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import { isConstraintViolation } from "../platform/db/errors.ts";
import { jsonRows } from "../platform/db/json-rows.ts";
import { lane, runInLane } from "./lane.ts";
import { lobbyPositions, readCursor } from "./positions.ts";

/** What has moved is written this often; a crash costs at most this much of reading, never a message. */
const flushEveryMs = 1_000;
const movesPerTransaction = 500;

interface Move {
  roomKey: number;
  userKey: number;
  readSeq: number;
}

/**
 * Read cursors on their way to the database. They only move forward and are written together, since every send moves
 * its sender's.
 */
class CursorBuffer {
  #moves = new Map<string, Move>();
  /** What is being written is still the newest there is until its transaction has ended. */
  #writing = new Map<string, Move>();

  constructor(private readonly ctx: Context) {}

  advance(move: Move): void {
    const name = `${move.roomKey} ${move.userKey}`;
    if (move.readSeq > (this.#pending(name) ?? -1)) this.#moves.set(name, move);
  }

  /** The cursor that is not yet in the database, if any. */
  pending(roomKey: number, userKey: number): number | undefined {
    return this.#pending(`${roomKey} ${userKey}`);
  }

  #pending(name: string): number | undefined {
    return (this.#moves.get(name) ?? this.#writing.get(name))?.readSeq;
  }

  async flush(): Promise<void> {
    while (this.#moves.size > 0) {
      const part = [...this.#moves].slice(0, movesPerTransaction);
      for (const [name, move] of part) {
        this.#moves.delete(name);
        this.#writing.set(name, move);
      }
      try {
        await writeThoseThatExist(
          this.ctx,
          part.map(([, move]) => move),
        );
      } catch (error) {
        for (const [name, move] of part) if (!this.#moves.has(name)) this.#moves.set(name, move);
        throw error;
      } finally {
        for (const [name] of part) this.#writing.delete(name);
      }
    }
  }
}

const buffer = perContext((ctx) => {
  // Made before, so closed after: the cursors are written by its thread.
  const timeline = lane(ctx);
  const cursors = new CursorBuffer(ctx);
  ctx.jobs.every("cursors", flushEveryMs, () => cursors.flush());
  ctx.onClose(async () => {
    // The last messages move cursors too.
    await timeline.idle();
    // A thread that died in the middle of a transaction has left the file locked for the rest of this process.
    if (!timeline.isDead) await cursors.flush();
  });
  return cursors;
});

/** Begins to write what moves. */
export function startCursors(ctx: Context): void {
  buffer(ctx);
}

/** A room that was deleted meanwhile takes its cursors along: they must not hold up the others'. */
async function writeThoseThatExist(ctx: Context, moves: readonly Move[]): Promise<void> {
  try {
    await writeCursors(ctx, moves);
  } catch (error) {
    if (!isConstraintViolation(error)) throw error;
    if (moves.length === 1) return;
    for (const move of moves) await writeThoseThatExist(ctx, [move]);
  }
}

/** One statement for all moves; a row is made only in the lobby, whose members have none until one is needed. */
async function writeCursors(ctx: Context, moves: readonly Move[]): Promise<void> {
  const { db } = ctx;
  if (db.dialect === "postgres") {
    await db.write(async (tx) => {
      await upsert(ctx, tx, moves);
    });
    return;
  }
  // Where the messages are written too: a commit of another connection would stop the event loop while it is synced to
  // disk, and empty the page cache of the lane's.
  const { sql: text, params } = upsert(ctx, db.read, moves).toSQL();
  await db.writers.run(() => runInLane(ctx, [{ sql: text, values: parameters.parse(params) }]));
}

const parameters = z.array(z.union([z.string(), z.number()]));

function upsert(ctx: Context, queries: Pick<Queries, "insert">, moves: readonly Move[]) {
  const { members } = ctx.db.tables;
  const rows = jsonRows(
    ctx.db,
    ["room_key", "user_key", "seq"],
    moves.map(({ roomKey, userKey, readSeq }) => ({ room_key: roomKey, user_key: userKey, seq: readSeq })),
  );
  return (
    queries
      .insert(members)
      // In the order of the table's columns. WHERE: without it SQLite takes the ON of the conflict for a join's.
      .select(
        sql`SELECT room_key, user_key, 'member', true, seq, seq, NULL, 0, CAST(${ctx.clock.now()} AS bigint), 'all', 0 FROM ${rows} WHERE true`,
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

/** Moves a member's read cursor forward; in the database within a second. */
export function advanceCursor(ctx: Context, move: Move): void {
  buffer(ctx).advance(move);
}

/** {@link advanceCursor}, on disk when it resolves. */
export async function storeCursor(ctx: Context, move: Move): Promise<void> {
  buffer(ctx).advance(move);
  await buffer(ctx).flush();
}

/** How far a person has read, where that is not yet in the database. */
export function pendingRead(ctx: Context, roomKey: number, userKey: number): number | undefined {
  return buffer(ctx).pending(roomKey, userKey);
}

/** One's own cursor in a room. */
export async function ownCursor(
  ctx: Context,
  actor: { key: number; id: string },
  room: { key: number; is_lobby: boolean },
): Promise<Cursor> {
  const stored = await readCursor(ctx, room.key, actor.key);
  const base = stored?.readSeq ?? (room.is_lobby ? ((await lobbyPositions(ctx, [actor.key])).get(actor.key) ?? 0) : 0);
  const readSeq = Math.max(base, pendingRead(ctx, room.key, actor.key) ?? 0);
  return { user_id: actor.id, read_seq: readSeq, delivered_seq: Math.max(readSeq, stored?.deliveredSeq ?? 0) };
}
