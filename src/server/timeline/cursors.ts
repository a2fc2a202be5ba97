import { perContext, type Context } from "../context.ts";
import type { Cursor } from "../../protocol/models.ts";
import { lane } from "./lane.ts";
import { lobbyPositions, readCursor } from "./positions.ts";
import { type StoredMove, writeMoves } from "./write-cursors.ts";

/** What has moved is written this often; a crash costs at most this much of reading, never a message. */
const flushEveryMs = 1_000;
/** … where another node may be asked how far somebody has come who has just written on this one. */
const flushAmongNodesEveryMs = 250;
const movesPerTransaction = 500;
/** Who has asked the database before it was written there has its answer by then. */
const overlookedForMs = 2_000;
/** Among several nodes what was read is known on all of them, that is in the database, before anybody is told. */
const gatherReceiptsMs = 100;
const gatherHurriedMs = 10;

/** A cursor that moves forward. */
interface Move {
  roomKey: number;
  userKey: number;
  /** Everything up to here is read. */
  readSeq: number;
}

/** A receipt: somebody said so, and others may ask when. */
interface Receipt {
  roomKey: number;
  userKey: number;
  kind: "read" | "delivered";
  seq: number;
  /** That it was read is not told to others: to them it has only come. */
  isKept?: boolean;
}

interface PendingMoment extends Pick<Receipt, "kind" | "seq"> {
  at: number;
}

/** How far somebody has come in a room. */
export interface Reached {
  readSeq: number;
  /** Not below `readSeq`. */
  deliveredSeq: number;
}

/**
 * Cursors on their way to the database. They only move forward and are written together, since every send moves its
 * sender's.
 */
class CursorBuffer {
  #moves = new Map<string, StoredMove>();
  /** What is being written is still the newest there is until its transaction has ended. */
  #writing = new Map<string, StoredMove>();
  /** What was written lately: an answer of the database that is on its way may not have it yet. */
  #written = new Map<string, Reached>();
  #writtenBefore = new Map<string, Reached>();
  #renewedAt = 0;
  #running: Promise<void> = Promise.resolve();
  #receiptsWritten: Promise<void> | undefined;
  #hurried = new Set<number>();
  #hurries = 0;

  constructor(private readonly ctx: Context) {}

  advance({ roomKey, userKey, readSeq }: Move): void {
    const name = `${roomKey} ${userKey}`;
    const move = this.#moves.get(name);
    if (move) {
      if (readSeq > move.readSeq) move.readSeq = readSeq;
    } else if (readSeq > (this.#writing.get(name)?.readSeq ?? -1)) {
      this.#moves.set(name, {
        roomKey,
        userKey,
        readSeq,
        deliveredSeq: 0,
        readMove: undefined,
        deliveredMove: undefined,
      });
    }
  }

  /** The same for a receipt, whose moment is kept. */
  receive({ roomKey, userKey, kind, seq, isKept = false }: Receipt): void {
    const name = `${roomKey} ${userKey}`;
    const move = this.#moves.get(name) ?? {
      roomKey,
      userKey,
      readSeq: 0,
      deliveredSeq: 0,
      readMove: undefined,
      deliveredMove: undefined,
    };
    this.#moves.set(name, move);
    const at = this.ctx.clock.now();
    if (kind === "read") move.readSeq = Math.max(move.readSeq, seq);
    if (kind === "read" && !isKept) {
      move.readMove = { seq, at };
    } else {
      move.deliveredSeq = Math.max(move.deliveredSeq, seq);
      move.deliveredMove = { seq, at };
    }
  }

  /** How far somebody has come, as far as an answer of the database may not know it yet. */
  pending(roomKey: number, userKey: number): Reached | undefined {
    let reached: Reached | undefined;
    const name = `${roomKey} ${userKey}`;
    for (const place of [this.#moves, this.#writing, this.#written, this.#writtenBefore]) {
      const there = place.get(name);
      if (there) reached = farthest(there, reached);
    }
    return reached;
  }

  /** The receipts that are not yet in the database. */
  moments(roomKey: number, userKey: number): PendingMoment[] {
    const name = `${roomKey} ${userKey}`;
    return [this.#writing.get(name), this.#moves.get(name)].flatMap((move) => [
      ...(move?.readMove ? [{ kind: "read" as const, ...move.readMove }] : []),
      ...(move?.deliveredMove ? [{ kind: "delivered" as const, ...move.deliveredMove }] : []),
    ]);
  }

  /** Writes what has moved, or some of it; on disk when it resolves. */
  flush(isDue: (move: StoredMove) => boolean = () => true): Promise<void> {
    // One after the other: what another run has just taken is not on disk yet.
    const running = this.#running.then(
      () => this.#write(isDue),
      () => this.#write(isDue),
    );
    this.#running = running;
    return running;
  }

  async #write(isDue: (move: StoredMove) => boolean): Promise<void> {
    this.#forgetWritten();
    // Those of now: under load there is always another one, and a run without end would hold up every batch of messages.
    const due = this.#moves
      .entries()
      .filter(([, move]) => isDue(move))
      .toArray();
    for (let at = 0; at < due.length; at += movesPerTransaction) {
      const part = due.slice(at, at + movesPerTransaction);
      for (const [name, move] of part) {
        this.#moves.delete(name);
        this.#writing.set(name, move);
      }
      try {
        await writeMoves(
          this.ctx,
          part.map(([, move]) => move),
        );
        for (const [name, move] of part) this.#written.set(name, farthest(move, this.#written.get(name)));
      } catch (error) {
        for (const [name, move] of part) this.#putBack(name, move);
        throw error;
      } finally {
        for (const [name] of part) this.#writing.delete(name);
      }
    }
  }

  #forgetWritten(): void {
    const now = this.ctx.clock.now();
    if (now < this.#renewedAt + overlookedForMs) return;
    this.#writtenBefore = this.#written;
    this.#written = new Map();
    this.#renewedAt = now;
  }

  /** Resolves when the receipts taken up to now are on disk; those of a tenth of a second are written together. */
  receiptsWritten(): Promise<void> {
    this.#receiptsWritten ??= new Promise<void>((resolve, reject) => {
      this.ctx.clock.after(gatherReceiptsMs, () => {
        this.#receiptsWritten = undefined;
        this.flush(isReceipt).then(resolve, reject);
      });
    });
    return this.#receiptsWritten;
  }

  /** Writes in a moment what this person has moved, with that of others who go at the same time. */
  hurry(userKey: number): void {
    this.#hurried.add(userKey);
    if (this.#hurried.size > 1) return;
    this.ctx.clock.after(gatherHurriedMs, () => {
      const hurried = this.#hurried;
      this.#hurried = new Set();
      void this.ctx.jobs.run(`cursors ${++this.#hurries}`, () => this.flush(({ userKey: key }) => hurried.has(key)));
    });
  }

  #putBack(name: string, unwritten: StoredMove): void {
    const move = this.#moves.get(name);
    if (!move) {
      this.#moves.set(name, unwritten);
      return;
    }
    move.readSeq = Math.max(move.readSeq, unwritten.readSeq);
    move.deliveredSeq = Math.max(move.deliveredSeq, unwritten.deliveredSeq);
    move.readMove ??= unwritten.readMove;
    move.deliveredMove ??= unwritten.deliveredMove;
  }
}

function farthest(one: Reached, other: Reached | undefined): Reached {
  const readSeq = Math.max(one.readSeq, other?.readSeq ?? 0);
  return { readSeq, deliveredSeq: Math.max(readSeq, one.deliveredSeq, other?.deliveredSeq ?? 0) };
}

function isReceipt({ readMove, deliveredMove }: StoredMove): boolean {
  return readMove !== undefined || deliveredMove !== undefined;
}

const buffer = perContext((ctx) => {
  // Made before, so closed after: the cursors are written by its thread.
  const timeline = lane(ctx);
  const cursors = new CursorBuffer(ctx);
  const everyMs = ctx.bus.mayHaveOthers ? flushAmongNodesEveryMs : flushEveryMs;
  ctx.jobs.every("cursors", everyMs, () => cursors.flush());
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

/** Moves a member's read cursor forward, because they wrote; in the database within a second. */
export function advanceCursor(ctx: Context, move: Move): void {
  buffer(ctx).advance(move);
}

/** Moves a member's cursor forward, because they said so; in the database within a second. */
export function takeReceipt(ctx: Context, receipt: Receipt): void {
  buffer(ctx).receive(receipt);
}

/** {@link advanceCursor}, on disk when it resolves. */
export async function storeCursor(ctx: Context, move: Move): Promise<void> {
  buffer(ctx).advance(move);
  await buffer(ctx).flush();
}

/** {@link takeReceipt}, on disk when it resolves. */
export async function storeReceipt(ctx: Context, receipt: Receipt): Promise<void> {
  buffer(ctx).receive(receipt);
  await buffer(ctx).flush();
}

/**
 * Resolves when every node can see the receipts taken up to now: at once on a node alone, else when they are on disk. Who
 * comes to another node meanwhile reads them there, or is told by the event that follows.
 */
export async function receiptsSeen(ctx: Context): Promise<void> {
  if (!ctx.bus.isAlone) await buffer(ctx).receiptsWritten();
}

/** Somebody may go to another node: what moved their cursors is to be seen there, and not in a second. */
export function hurryCursors(ctx: Context, userKey: number): void {
  if (!ctx.bus.isAlone) buffer(ctx).hurry(userKey);
}

/** How far a person has come, where that is not yet in the database. */
export function pendingCursor(ctx: Context, roomKey: number, userKey: number): Reached | undefined {
  return buffer(ctx).pending(roomKey, userKey);
}

/** The receipts of a person that are not yet in the database. */
export function pendingMoments(ctx: Context, roomKey: number, userKey: number): PendingMoment[] {
  return buffer(ctx).moments(roomKey, userKey);
}

/** One's own cursor in a room. */
export async function ownCursor(
  ctx: Context,
  actor: { key: number; id: string },
  room: { key: number; is_lobby: boolean },
): Promise<Cursor> {
  const stored = await readCursor(ctx, room.key, actor.key);
  const base = stored?.readSeq ?? (room.is_lobby ? ((await lobbyPositions(ctx, [actor.key])).get(actor.key) ?? 0) : 0);
  const pending = pendingCursor(ctx, room.key, actor.key);
  const readSeq = Math.max(base, pending?.readSeq ?? 0);
  const deliveredSeq = Math.max(readSeq, stored?.deliveredSeq ?? 0, pending?.deliveredSeq ?? 0);
  return { user_id: actor.id, read_seq: readSeq, delivered_seq: deliveredSeq };
}
