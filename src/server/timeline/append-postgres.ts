import type { Sql } from "postgres";
import { roomLockClass, roomLocks } from "../platform/db/dialect/postgres.ts";
import { isContention, isOutOfService, isUniqueViolation } from "../platform/db/errors.ts";
import {
  byRoom,
  outcomeOfRepeat,
  repeatsInside,
  type Appended,
  type NewMessage,
  type StoredMessage,
} from "./append.ts";

const attemptsMax = 5;
// JSON travels as text and is cast: Drizzle replaces postgres.js's JSON serialisers by ones that do nothing.

/**
 * Stores the batch in one transaction, pipelined: the rooms' advisory locks in order, the bump, the insert that reads
 * what the bump wrote (each statement has its own snapshot, younger than the lock). Keys rise with `seq` inside a
 * room, as on libSQL. Throws when the database cannot serve.
 */
export async function appendToPostgres(sql: Sql, batch: readonly NewMessage[]): Promise<Appended[]> {
  const outcomes: Appended[] = [];
  await appendPositions(sql, batch, [...batch.keys()], outcomes, 1);
  return outcomes;
}

async function appendPositions(
  sql: Sql,
  batch: readonly NewMessage[],
  positions: number[],
  outcomes: Appended[],
  attempt: number,
): Promise<void> {
  try {
    await commit(sql, batch, positions, outcomes);
  } catch (error) {
    if (isOutOfService(error) || (isContention(error) && attempt >= attemptsMax)) throw error;
    if (isContention(error)) return appendPositions(sql, batch, positions, outcomes, attempt + 1);
    // Another node may store a repeated id between the look-up and the commit: hence the attempts.
    if (isUniqueViolation(error) && attempt < attemptsMax) {
      return appendWithoutRepeats(sql, batch, positions, outcomes, attempt + 1);
    }
    if (positions.length === 1) {
      for (const index of positions) {
        outcomes[index] = { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
      }
      return;
    }
    // A row that the database refuses must hurt only itself: halve until it stands alone.
    const middle = positions.length >> 1;
    await appendPositions(sql, batch, positions.slice(0, middle), outcomes, attempt);
    await appendPositions(sql, batch, positions.slice(middle), outcomes, attempt);
  }
}

async function appendWithoutRepeats(
  sql: Sql,
  batch: readonly NewMessage[],
  positions: number[],
  outcomes: Appended[],
  attempt: number,
): Promise<void> {
  const inside = repeatsInside(batch);
  const candidates = positions.filter((index) => !inside.has(index));
  const ids = candidates.flatMap((index) => {
    const message = batch[index];
    return message?.client_id ? [{ client_id: message.client_id, sender_key: message.sender_key }] : [];
  });
  const originals = await sql<StoredMessage[]>`
    SELECT m.* FROM messages m
    JOIN jsonb_to_recordset(${JSON.stringify(ids)}::text::jsonb) AS i(client_id text, sender_key bigint)
      ON m.client_id = i.client_id AND m.sender_key = i.sender_key`;
  const known = new Map(originals.map((row) => [`${row.sender_key} ${row.client_id}`, row]));
  const fresh: number[] = [];
  for (const index of candidates) {
    const message = batch[index];
    const original = message && known.get(`${message.sender_key} ${message.client_id}`);
    if (original) outcomes[index] = { kind: "repeated", original };
    else fresh.push(index);
  }
  if (fresh.length > 0) await appendPositions(sql, batch, fresh, outcomes, attempt);
  for (const index of positions) {
    const earlier = inside.get(index);
    if (earlier !== undefined) outcomes[index] = outcomeOfRepeat(outcomes[earlier], batch[earlier]);
  }
}

async function commit(
  sql: Sql,
  batch: readonly NewMessage[],
  positions: readonly number[],
  outcomes: Appended[],
): Promise<void> {
  const shares = byRoom(batch, positions);
  const locks = [...new Set(shares.map(({ roomKey }) => roomKey % roomLocks))].sort((a, b) => a - b);
  const bumps = shares.map(({ roomKey, indexes }) => ({ key: roomKey, n: indexes.length }));
  const rows = shares.flatMap(({ indexes }) =>
    indexes.map((index, offset) => ({ ...batch[index], back: indexes.length - 1 - offset })),
  );
  const [, bumped] = await sql.begin((transaction) => [
    transaction`
      SELECT pg_advisory_xact_lock(${roomLockClass}::int, lock::int)
      FROM jsonb_array_elements_text(${JSON.stringify(locks)}::text::jsonb) WITH ORDINALITY AS locks(lock, position)`,
    transaction<{ key: number; last_seq: number; rev: number }[]>`
      UPDATE rooms SET last_seq = rooms.last_seq + b.n, rev = rooms.rev + b.n
      FROM jsonb_to_recordset(${JSON.stringify(bumps)}::text::jsonb) AS b(key bigint, n bigint)
      WHERE rooms.key = b.key AND rooms.deleted_at IS NULL
      RETURNING rooms.key, rooms.last_seq, rooms.rev`,
    transaction`
      INSERT INTO messages
        (id, room_key, seq, sender_key, client_id, body_hash, type, content, reply_to_id, created_at, sent_rev,
         mentions)
      SELECT m.id, m.room_key, r.last_seq - m.back, m.sender_key, m.client_id, m.body_hash, m.type, m.content,
        m.reply_to_id, m.created_at, r.rev - m.back, m.mentions
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS m(id text, room_key bigint, sender_key bigint,
        client_id text, body_hash bigint, type text, content text, reply_to_id text, created_at bigint, mentions text,
        back bigint)
      JOIN rooms r ON r.key = m.room_key AND r.deleted_at IS NULL
      ORDER BY m.room_key, m.back DESC`,
  ]);
  const numbers = new Map(bumped.map((room) => [room.key, room]));
  for (const { roomKey, indexes } of shares) {
    const room = numbers.get(roomKey);
    for (const [offset, index] of indexes.entries()) {
      const back = indexes.length - 1 - offset;
      outcomes[index] = room
        ? { kind: "stored", seq: room.last_seq - back, rev: room.rev - back }
        : { kind: "no_room" };
    }
  }
}
