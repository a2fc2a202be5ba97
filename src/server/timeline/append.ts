import type { Tables } from "../platform/db/database.ts";

/** A row of the timeline. */
export type StoredMessage = Tables["messages"]["$inferSelect"];

/** A message that policy let through and that waits to be numbered and stored. */
export interface NewMessage {
  id: string;
  room_key: number;
  sender_key: number;
  client_id: string | null;
  body_hash: number | null;
  type: StoredMessage["type"];
  content: string;
  reply_to_id: string | null;
  /** JSON array of ids; `null` when it names nobody. */
  mentions: string | null;
  created_at: number;
}

/** What became of a {@link NewMessage}; numbers are final, on disk, and never used for another one. */
export type Appended =
  | { kind: "stored"; seq: number; rev: number }
  /** Its `client_id` was stored before: this is the original. */
  | { kind: "repeated"; original: StoredMessage }
  /** Its room is gone. */
  | { kind: "no_room" }
  /** The database refused this row alone. */
  | { kind: "refused"; reason: string };

export interface RoomShare {
  roomKey: number;
  indexes: number[];
}

/** The positions of a batch by room, in the order of the batch. */
export function byRoom(batch: readonly NewMessage[], positions: readonly number[]): RoomShare[] {
  const shares = new Map<number, RoomShare>();
  for (const index of positions) {
    const roomKey = batch[index]?.room_key;
    if (roomKey === undefined) continue;
    const share = shares.get(roomKey);
    if (share) share.indexes.push(index);
    else shares.set(roomKey, { roomKey, indexes: [index] });
  }
  return [...shares.values()];
}

/** For each position the earlier one with the same `client_id` and sender, if any: repeats inside one batch. */
export function repeatsInside(batch: readonly NewMessage[]): Map<number, number> {
  const first = new Map<string, number>();
  const repeats = new Map<number, number>();
  for (const [index, { client_id, sender_key }] of batch.entries()) {
    if (client_id === null) continue;
    const name = `${sender_key} ${client_id}`;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else repeats.set(index, earlier);
  }
  return repeats;
}

/** What becomes of a repeat of `message`, which is of the same batch and had the outcome `first`. */
export function outcomeOfRepeat(first: Appended | undefined, message: NewMessage | undefined): Appended {
  if (first?.kind === "stored" && message) {
    return { kind: "repeated", original: storedAs(message, first.seq, first.rev) };
  }
  return first ?? { kind: "refused", reason: "the message it repeats was not stored" };
}

/** The row that `message` became. */
export function storedAs(message: NewMessage, seq: number, rev: number): StoredMessage {
  return {
    ...message,
    key: 0,
    seq,
    sent_rev: rev,
    system: null,
    changed_rev: null,
    edited_at: null,
    deleted_at: null,
    recalled_at: null,
    reactions: null,
  };
}
