import { AppError } from "../platform/app-error.ts";
import type { PostgresDatabase } from "../platform/db/database.ts";
import { roomLocks } from "../platform/db/dialect/postgres.ts";
import { isConnectionLost, isContention, isOutOfService, isUniqueViolation } from "../platform/db/errors.ts";
import {
  byRoom,
  outcomeOfRepeat,
  repeatsInside,
  type Appended,
  type NewMessage,
  type StoredMessage,
} from "./append.ts";

const attemptsMax = 5;

/** Where the statements of the lane go. */
type Lane = Pick<PostgresDatabase, "append">;

/**
 * Stores the batch in one transaction, which is one statement (`append_messages_1`): the rooms' advisory locks in order,
 * the bump, the insert that reads what the bump wrote. Keys rise with `seq` inside a room, as on libSQL. May be called
 * again with a batch of which it is not known whether it was stored: what was stored keeps its numbers, since no two
 * messages have the same `id`. Throws when the database cannot serve.
 */
export async function appendToPostgres(lane: Lane, batch: readonly NewMessage[]): Promise<Appended[]> {
  const outcomes: Appended[] = [];
  await appendPositions(lane, batch, [...batch.keys()], outcomes, 1);
  return outcomes;
}

async function appendPositions(
  lane: Lane,
  batch: readonly NewMessage[],
  positions: number[],
  outcomes: Appended[],
  attempt: number,
): Promise<void> {
  try {
    await commit(lane, batch, positions, outcomes);
  } catch (error) {
    // No connection was to be had: the server ends.
    if (error instanceof AppError) throw error;
    if (isOutOfService(error) || isConnectionLost(error) || (isContention(error) && attempt >= attemptsMax))
      throw error;
    if (isContention(error)) return appendPositions(lane, batch, positions, outcomes, attempt + 1);
    // Another node may store a repeated id between the look-up and the commit: hence the attempts.
    if (isUniqueViolation(error) && attempt < attemptsMax) {
      return appendWithoutRepeats(lane, batch, positions, outcomes, attempt + 1);
    }
    if (positions.length === 1) {
      for (const index of positions) {
        outcomes[index] = { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
      }
      return;
    }
    // A row that the database refuses must hurt only itself: halve until it stands alone.
    const middle = positions.length >> 1;
    await appendPositions(lane, batch, positions.slice(0, middle), outcomes, attempt);
    await appendPositions(lane, batch, positions.slice(middle), outcomes, attempt);
  }
}

async function appendWithoutRepeats(
  lane: Lane,
  batch: readonly NewMessage[],
  positions: number[],
  outcomes: Appended[],
  attempt: number,
): Promise<void> {
  const inside = repeatsInside(batch);
  const candidates = positions.filter((index) => !inside.has(index));
  const sought = candidates.flatMap((index) => {
    const message = batch[index];
    return message ? [{ id: message.id, client_id: message.client_id, sender_key: message.sender_key }] : [];
  });
  const originals = await lane.append(
    (sql) => sql<StoredMessage[]>`
      SELECT m.* FROM json_to_recordset(${JSON.stringify(sought)}::text::json)
        AS i(id text, client_id text, sender_key bigint)
      JOIN messages m ON m.id = i.id OR (m.client_id = i.client_id AND m.sender_key = i.sender_key)`,
  );
  const known = new Map(originals.map((row) => [`${row.sender_key} ${row.client_id}`, row]));
  const own = new Map(originals.map((row) => [row.id, row]));
  const fresh: number[] = [];
  for (const index of candidates) {
    const message = batch[index];
    // Stored by an attempt whose answer was lost.
    const self = message && own.get(message.id);
    const original = message?.client_id == null ? undefined : known.get(`${message.sender_key} ${message.client_id}`);
    if (self) outcomes[index] = { kind: "stored", seq: self.seq, rev: self.sent_rev };
    else if (original) outcomes[index] = { kind: "repeated", original };
    else fresh.push(index);
  }
  if (fresh.length > 0) await appendPositions(lane, batch, fresh, outcomes, attempt);
  for (const index of positions) {
    const earlier = inside.get(index);
    if (earlier !== undefined) outcomes[index] = outcomeOfRepeat(outcomes[earlier], batch[earlier]);
  }
}

async function commit(
  lane: Lane,
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
  // JSON travels as text and is cast: postgres.js would make JSON of it once more.
  const bumped = await lane.append(
    (sql) => sql<{ key: number; last_seq: number; rev: number }[]>`
      SELECT key, last_seq, rev FROM append_messages_1(${`{${locks.join()}}`}::text::int[],
        ${JSON.stringify(bumps)}::text::json, ${JSON.stringify(rows)}::text::json)`,
  );
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
