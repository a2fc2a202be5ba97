import type { RemoteDatabase, Statement } from "../platform/db/database.ts";
import { isContention, isOutOfService, isUniqueViolation } from "../platform/db/errors.ts";
import {
  byRoom,
  outcomeOfRepeat,
  repeatsInside,
  type Appended,
  type NewMessage,
  type StoredMessage,
} from "./append.ts";

/** Characters of JSON in one parameter: servers refuse texts of more than some 4 MB, and three bytes may make one. */
const parameterMax = 1_000_000;

/** In the order of a message's cells in the JSON of {@link insertOf}; `seq` and `sent_rev` come from the room. */
const columns =
  "id, room_key, seq, sender_key, client_id, body_hash, type, content, reply_to_id, created_at, sent_rev, mentions";
/** CROSS: SQLite goes through the rows in their order, so that keys rise with `seq` inside a room. */
const insert = `
  INSERT INTO messages (${columns})
  SELECT value ->> 0, rooms.key, rooms.last_seq - (value ->> 10), value ->> 2, value ->> 3, value ->> 4, value ->> 5,
    value ->> 6, value ->> 7, value ->> 8, rooms.rev - (value ->> 10), value ->> 9
  FROM json_each(?) CROSS JOIN rooms ON rooms.key = value ->> 1 AND rooms.deleted_at IS NULL`;
const bump = `
  UPDATE rooms SET last_seq = last_seq + bumps.n, rev = rev + bumps.n
  FROM (SELECT value ->> 0 AS key, value ->> 1 AS n FROM json_each(?)) AS bumps
  WHERE rooms.key = bumps.key AND rooms.deleted_at IS NULL
  RETURNING rooms.key, last_seq, rooms.rev`;
const originals = `
  SELECT messages.* FROM json_each(?) CROSS JOIN messages ON messages.id = value
  UNION
  SELECT messages.* FROM json_each(?)
    CROSS JOIN messages ON messages.client_id = value ->> 0 AND messages.sender_key = value ->> 1`;

/**
 * Stores the batch on a libSQL server in one transaction and one round trip: the bump, and the inserts that read what it
 * wrote. Where the connection is lost before the answer, the batch is sent again: the unique ids tell whether it was
 * stored. Throws when the database cannot serve.
 */
export async function appendToRemote(db: RemoteDatabase, batch: readonly NewMessage[]): Promise<Appended[]> {
  const outcomes: Appended[] = [];
  const sound: number[] = [];
  for (const [index, { content }] of batch.entries()) {
    // Stored, half a character could not be read again.
    if (content?.isWellFormed() === false) outcomes[index] = { kind: "refused", reason: "it is not Unicode" };
    else sound.push(index);
  }
  await appendPositions(db, batch, sound, outcomes);
  return outcomes;
}

async function appendPositions(
  db: RemoteDatabase,
  batch: readonly NewMessage[],
  positions: number[],
  outcomes: Appended[],
): Promise<void> {
  try {
    await commit(db, batch, positions, outcomes);
  } catch (error) {
    if (isOutOfService(error) || isContention(error)) throw error;
    // Repeats are the exception: only now are they looked for, and the rest is numbered anew.
    const fresh = isUniqueViolation(error) ? await withoutStored(db, batch, positions, outcomes) : positions;
    if (fresh.length < positions.length) await appendPositions(db, batch, fresh, outcomes);
    else await appendHalves(db, batch, positions, outcomes, error);
  }
  fillRepeats(batch, positions, outcomes);
}

/** A row that the database refuses must hurt only itself: halve until it stands alone. */
async function appendHalves(
  db: RemoteDatabase,
  batch: readonly NewMessage[],
  positions: number[],
  outcomes: Appended[],
  error: unknown,
): Promise<void> {
  if (positions.length <= 1) {
    for (const index of positions) {
      outcomes[index] = { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
    }
    return;
  }
  const middle = positions.length >> 1;
  await appendPositions(db, batch, positions.slice(0, middle), outcomes);
  await appendPositions(db, batch, positions.slice(middle), outcomes);
}

/** Gives outcomes to what was stored before, and leaves out what repeats something of the same batch; the rest. */
async function withoutStored(
  db: RemoteDatabase,
  batch: readonly NewMessage[],
  positions: readonly number[],
  outcomes: Appended[],
): Promise<number[]> {
  const asked = positions.flatMap((index) => batch[index] ?? []);
  const named = asked.flatMap(({ client_id, sender_key }) => (client_id === null ? [] : [[client_id, sender_key]]));
  const [rows] = await db.transact([
    { sql: originals, values: [JSON.stringify(asked.map(({ id }) => id)), JSON.stringify(named)] },
  ]);
  const found = (rows ?? []) as unknown as readonly StoredMessage[];
  const byId = new Map(found.map((row) => [row.id, row]));
  const byClient = new Map(found.map((row) => [`${row.sender_key} ${row.client_id}`, row]));
  const inside = repeatsInside(batch);
  return positions.filter((index) => {
    const message = batch[index];
    if (!message) return false;
    // Its own row: an earlier attempt was stored, and its answer was lost.
    const own = byId.get(message.id);
    const original =
      message.client_id === null ? undefined : byClient.get(`${message.sender_key} ${message.client_id}`);
    if (own) outcomes[index] = { kind: "stored", seq: own.seq, rev: own.sent_rev };
    else if (original && !inside.has(index)) outcomes[index] = { kind: "repeated", original };
    else return !inside.has(index);
    return false;
  });
}

/** What repeats an earlier message of its batch has that one's outcome. */
function fillRepeats(batch: readonly NewMessage[], positions: readonly number[], outcomes: Appended[]): void {
  const inside = repeatsInside(batch);
  for (const index of positions) {
    const earlier = inside.get(index);
    if (earlier !== undefined) outcomes[index] ??= outcomeOfRepeat(outcomes[earlier], batch[earlier]);
  }
}

async function commit(
  db: RemoteDatabase,
  batch: readonly NewMessage[],
  positions: readonly number[],
  outcomes: Appended[],
): Promise<void> {
  if (positions.length === 0) return;
  const shares = byRoom(batch, positions);
  const bumps = shares.map(({ roomKey, indexes }) => [roomKey, indexes.length]);
  const [bumped] = await db.transact([
    { sql: bump, values: [JSON.stringify(bumps)] },
    ...inserts(
      shares.flatMap(({ indexes }) =>
        indexes.flatMap((index, offset) => cells(batch[index], indexes.length - 1 - offset) ?? []),
      ),
    ),
  ]);
  const numbers = new Map((bumped ?? []).map((room) => [room["key"], room]));
  for (const { roomKey, indexes } of shares) {
    const room = numbers.get(roomKey);
    for (const [offset, index] of indexes.entries()) {
      const back = indexes.length - 1 - offset;
      outcomes[index] = room
        ? { kind: "stored", seq: Number(room["last_seq"]) - back, rev: Number(room["rev"]) - back }
        : { kind: "no_room" };
    }
  }
}

/** A message as JSON; `back`: how many of the batch come after it in its room. */
function cells(message: NewMessage | undefined, back: number): string | undefined {
  return (
    message &&
    JSON.stringify([
      message.id,
      message.room_key,
      message.sender_key,
      message.client_id,
      message.body_hash,
      message.type,
      message.content,
      message.reply_to_id,
      message.created_at,
      message.mentions,
      back,
    ])
  );
}

function inserts(rows: readonly string[]): Statement[] {
  const statements: Statement[] = [];
  let part: string[] = [];
  let size = 0;
  const end = () => {
    if (part.length > 0) statements.push({ sql: insert, values: [`[${part.join(",")}]`] });
    part = [];
    size = 0;
  };
  for (const row of rows) {
    if (size + row.length > parameterMax) end();
    part.push(row);
    size += row.length;
  }
  end();
  return statements;
}
