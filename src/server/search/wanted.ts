import type { StoredMessage } from "../timeline/append.ts";

/** What one search looks for, as both dialects need it. */
export interface Wanted {
  /** All of them: of the query, the sender, and the room if it is one. */
  tokens: string[];
  scope: Scope;
  /** Keys of messages, which rise with time: below the first, not below the second. */
  belowKey: number;
  fromKey: number;
}

/**
 * In which rooms. One room is a token among the others. In several, with so few of all messages that one would pass over
 * most finds, the index is asked room by room; else it is asked for all, and finds in other rooms are passed over.
 */
export type Scope =
  | { kind: "room"; roomKeys: number[]; share: number }
  | { kind: "each"; roomKeys: number[] }
  | { kind: "among"; roomKeys: number[] };

/** Rooms asked one by one: 0.05-0.3 ms each. */
const eachMax = 100;
/** With a twenty-fifth of all messages, a page of 50 passes over 1,250 finds at most. */
const eachShareMax = 1 / 25;

/** How to ask for what is in these rooms, of `total` messages in all. */
export function scopeOf(rooms: readonly { key: number; last_seq: number }[], total: number): Scope {
  const roomKeys = rooms.map(({ key }) => key);
  const share = rooms.reduce((sum, { last_seq }) => sum + last_seq, 0) / Math.max(1, total);
  if (rooms.length === 1) return { kind: "room", roomKeys, share };
  return { kind: rooms.length <= eachMax && share < eachShareMax ? "each" : "among", roomKeys };
}

/** Finds, newest first, in portions of about `size`; without end until the index has no more. */
export type Finds = AsyncGenerator<StoredMessage[], void, void>;
