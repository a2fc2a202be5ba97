import type Libsql from "libsql";
import { isOutOfService, isContention, isUniqueViolation } from "../platform/db/errors.ts";
import {
  byRoom,
  outcomeOfRepeat,
  repeatsInside,
  type Appended,
  type NewMessage,
  type StoredMessage,
} from "./append.ts";

/**
 * Rows of the prepared inserts, largest first: a row among a hundred costs a third of one alone (DESIGN, figures), and
 * under middling load a batch has thirty.
 */
const rowsPerInsert = [100, 20, 5, 1];
const columns =
  "id, room_key, seq, sender_key, client_id, body_hash, type, content, reply_to_id, created_at, sent_rev, mentions";
const columnCount = 12;

const insertOf = (rows: number) => {
  const row = `(${Array.from({ length: columnCount }, () => "?").join(",")})`;
  return `INSERT INTO messages (${columns}) VALUES ${Array.from({ length: rows }, () => row).join(",")}`;
};

type Value = string | number | null;

/** Appends batches to the timeline on a connection of its own: the write lane's statements on libSQL. */
export class LibsqlAppender {
  readonly #bump: Libsql.Statement;
  readonly #inserts: { rows: number; insert: Libsql.Statement }[];
  readonly #original: Libsql.Statement;

  constructor(private readonly db: Libsql.Database) {
    this.#bump = db.prepare(
      `UPDATE rooms SET last_seq = last_seq + ?1, rev = rev + ?1 WHERE key = ?2 AND deleted_at IS NULL
       RETURNING last_seq, rev`,
    );
    this.#inserts = rowsPerInsert.map((rows) => ({ rows, insert: db.prepare(insertOf(rows)) }));
    this.#original = db.prepare("SELECT * FROM messages WHERE client_id = ? AND sender_key = ?");
  }

  /** Stores the batch in one transaction; when it returns, the transaction is on disk. Throws when the database cannot serve. */
  append(batch: readonly NewMessage[]): Appended[] {
    const everything = [...batch.keys()];
    const outcomes: Appended[] = [];
    try {
      this.#commit(batch, everything, outcomes);
    } catch (error) {
      if (isOutOfService(error) || isContention(error)) throw error;
      // Repeats are the exception: only now are they looked for, and the rest is numbered anew.
      if (isUniqueViolation(error)) this.#appendWithoutRepeats(batch, outcomes);
      else this.#appendHalves(batch, everything, outcomes, error);
    }
    return outcomes;
  }

  #appendWithoutRepeats(batch: readonly NewMessage[], outcomes: Appended[]): void {
    const inside = repeatsInside(batch);
    const fresh: number[] = [];
    for (const [index, { client_id, sender_key }] of batch.entries()) {
      if (inside.has(index)) continue;
      const original =
        client_id === null ? undefined : (this.#original.all(client_id, sender_key)[0] as StoredMessage | undefined);
      if (original) outcomes[index] = { kind: "repeated", original };
      else fresh.push(index);
    }
    try {
      this.#commit(batch, fresh, outcomes);
    } catch (error) {
      if (isOutOfService(error) || isContention(error)) throw error;
      this.#appendHalves(batch, fresh, outcomes, error);
    }
    for (const [index, earlier] of inside) outcomes[index] = outcomeOfRepeat(outcomes[earlier], batch[earlier]);
  }

  /** A row that the database refuses must hurt only itself: halve until it stands alone. */
  #appendHalves(batch: readonly NewMessage[], positions: number[], outcomes: Appended[], error: unknown): void {
    if (positions.length <= 1) {
      for (const index of positions) {
        outcomes[index] = { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
      }
      return;
    }
    const middle = positions.length >> 1;
    for (const half of [positions.slice(0, middle), positions.slice(middle)]) {
      try {
        this.#commit(batch, half, outcomes);
      } catch (cause) {
        if (isOutOfService(cause) || isContention(cause)) throw cause;
        this.#appendHalves(batch, half, outcomes, cause);
      }
    }
  }

  #commit(batch: readonly NewMessage[], positions: readonly number[], outcomes: Appended[]): void {
    if (positions.length === 0) return;
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const rows: Value[][] = [];
      for (const { roomKey, indexes } of byRoom(batch, positions)) {
        const room = this.#bump.get(indexes.length, roomKey) as { last_seq: number; rev: number } | undefined;
        for (const [offset, index] of indexes.entries()) {
          const message = batch[index];
          if (!room || !message) {
            outcomes[index] = { kind: "no_room" };
            continue;
          }
          const back = indexes.length - 1 - offset;
          const seq = room.last_seq - back;
          const rev = room.rev - back;
          outcomes[index] = { kind: "stored", seq, rev };
          rows.push(values(message, seq, rev));
        }
      }
      this.#insert(rows);
      this.db.exec("COMMIT");
    } catch (error) {
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  #insert(all: readonly Value[][]): void {
    let at = 0;
    for (const { rows, insert } of this.#inserts) {
      for (; at + rows <= all.length; at += rows) insert.run(all.slice(at, at + rows).flat());
    }
  }
}

function values(message: NewMessage, seq: number, rev: number): Value[] {
  return [
    message.id,
    message.room_key,
    seq,
    message.sender_key,
    message.client_id,
    message.body_hash,
    message.type,
    message.content,
    message.reply_to_id,
    message.created_at,
    rev,
    message.mentions,
  ];
}
