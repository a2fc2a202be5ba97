import type { Tables } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { contentTokens, roomToken, senderToken } from "./tokens.ts";

/** Messages looked at in one transaction: 2-3 ms of this thread, and as much of the database's. */
export const sliceRows = 250;
/** A slice ends here, too: messages may have 4,000 characters each. */
const sliceUnits = 40_000;

/** What one step of indexing did, and how far it is. */
export interface Slice {
  /** Messages that it looked at; 0: there was nothing to do, or another node is at it. */
  messages: number;
  indexedKey: number;
  lastKey: number;
  isLast: boolean;
}

/** What the index needs of a message. */
export type IndexedRow = Pick<StoredMessage, keyof ReturnType<typeof indexedColumns>>;

export function indexedColumns({ messages }: Tables) {
  return {
    key: messages.key,
    room_key: messages.room_key,
    sender_key: messages.sender_key,
    type: messages.type,
    content: messages.content,
    deleted_at: messages.deleted_at,
    recalled_at: messages.recalled_at,
  };
}

export interface IndexEntry {
  key: number;
  room_key: number;
  tokens: string[];
}

interface Digest {
  entries: IndexEntry[];
  /** Keys of which nothing is to be found any more. */
  gone: number[];
  /** Notes of changes that are dealt with. */
  doneNotes: number[];
  /** Every message up to this key is dealt with. */
  upTo: number;
}

interface Note {
  key: number;
  message_key: number;
}

/**
 * Makes entries of what was changed, in the order of the notes, and of what was sent after `indexedKey`, in the order of
 * keys; as much as a slice may hold.
 */
export function digest(
  notes: readonly Note[],
  changed: readonly IndexedRow[],
  sent: readonly IndexedRow[],
  indexedKey: number,
): Digest {
  const entries = new Map<number, IndexEntry>();
  const gone = new Set<number>();
  const doneNotes: number[] = [];
  const rows = new Map(changed.map((row) => [row.key, row]));
  let units = 0;
  for (const { key, message_key } of notes) {
    if (units > sliceUnits) break;
    const row = rows.get(message_key);
    if (!row || !isSearchable(row)) {
      gone.add(message_key);
    } else if (!entries.has(message_key)) {
      entries.set(message_key, entryOf(row));
      units += row.content.length;
    }
    doneNotes.push(key);
  }
  let upTo = indexedKey;
  for (const row of sent) {
    if (units > sliceUnits) break;
    if (isSearchable(row)) entries.set(row.key, entryOf(row));
    units += row.content.length;
    upTo = row.key;
  }
  return { entries: [...entries.values()], gone: [...gone], doneNotes, upTo };
}

function isSearchable({ type, content, deleted_at, recalled_at }: IndexedRow): boolean {
  return type !== "system" && content !== "" && deleted_at === null && recalled_at === null;
}

function entryOf({ key, room_key, sender_key, content }: IndexedRow): IndexEntry {
  return { key, room_key, tokens: [roomToken(room_key), senderToken(sender_key), ...contentTokens(content)] };
}
