import type { Message, TimelineMessage } from "../../protocol/models.ts";
import type { PendingMessage } from "../../sdk/state.ts";
import { daysBetween } from "../i18n/format.ts";

/** A line of the timeline. Its key never changes, also not when an own message goes from pending to stored. */
export type Row =
  | { readonly kind: "beginning"; readonly key: "beginning" }
  | { readonly kind: "date"; readonly key: string; readonly date: Date }
  | { readonly kind: "divider"; readonly key: "divider" }
  | { readonly kind: "system"; readonly key: string; readonly seq: number; readonly message: Message }
  | { readonly kind: "hidden"; readonly key: string; readonly seq: number }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly seq: number;
      readonly message: Message;
      /** Whether it begins a run: avatar, name and time stand once, above it. */
      readonly startsRun: boolean;
    }
  | { readonly kind: "pending"; readonly key: string; readonly pending: PendingMessage; readonly startsRun: boolean };

interface RowsInput {
  messages: readonly TimelineMessage[];
  pending: readonly PendingMessage[];
  hasOlder: boolean;
  /** Whether the messages end at the newest one: only then is what is pending shown below them. */
  live: boolean;
  /** Where the line "new messages" stands: after this number; null for no line. */
  readSeq: number | null;
  ownId: string | null;
}

const runMs = 5 * 60_000;

/** What a row looks like depends on the one before it. */
interface Before {
  date: Date | null;
  senderId: string | null;
  atMs: number;
}

/**
 * The lines of a timeline. As long as older messages are missing, the first one held (that can be seen) is not shown, only looked at: so
 * every row knows what stands before it, and loading older ones puts rows in front without changing any.
 */
export function buildRows({ messages, pending, hasOlder, live, readSeq, ownId }: RowsInput): Row[] {
  const rows: Row[] = hasOlder ? [] : [{ kind: "beginning", key: "beginning" }];
  let before: Before = { date: null, senderId: null, atMs: 0 };
  let dividerDue = readSeq !== null;

  /** Before the first message of a day; `key` is that message's. */
  function dateLine(date: Date, key: string) {
    if (before.date !== null && daysBetween(before.date, date) <= 0) return;
    rows.push({ kind: "date", key: `date ${key}`, date });
    before = { date, senderId: null, atMs: 0 };
  }
  /** Whether a message begins a run; then it is the one before the next. */
  function startsRun(senderId: string, date: Date): boolean {
    const isNew = before.senderId !== senderId || date.getTime() - before.atMs >= runMs;
    before = { date, senderId, atMs: date.getTime() };
    return isNew;
  }

  const lookedAt = hasOlder ? messages.findIndex((message) => !("is_hidden" in message)) : -1;
  const first = messages[lookedAt];
  const shown = hasOlder ? messages.slice(lookedAt + 1) : messages;
  if (first && !("is_hidden" in first)) {
    const date = new Date(first.created_at);
    before = { date, senderId: first.type === "system" ? null : first.sender.id, atMs: date.getTime() };
  }
  // Nothing older than the first row is known yet: the line stands there when all that is held is new.
  if (readSeq !== null && first && first.seq > readSeq) dividerDue = false;

  for (const message of shown) {
    if ("is_hidden" in message) {
      rows.push({ kind: "hidden", key: message.id, seq: message.seq });
      before = { ...before, senderId: null };
      continue;
    }
    const date = new Date(message.created_at);
    const key = keyOf(message, ownId);
    dateLine(date, key);
    if (dividerDue && readSeq !== null && message.seq > readSeq && message.sender.id !== ownId) {
      rows.push({ kind: "divider", key: "divider" });
      before = { ...before, senderId: null };
      dividerDue = false;
    }
    if (message.type === "system") {
      rows.push({ kind: "system", key: message.id, seq: message.seq, message });
      before = { date, senderId: null, atMs: 0 };
      continue;
    }
    rows.push({ kind: "message", key, seq: message.seq, message, startsRun: startsRun(message.sender.id, date) });
  }

  if (live && ownId !== null) {
    for (const sent of pending) {
      const date = new Date(sent.created_at);
      dateLine(date, sent.temp_id);
      rows.push({ kind: "pending", key: sent.temp_id, pending: sent, startsRun: startsRun(ownId, date) });
    }
  }
  return rows;
}

/** One's own messages keep the id they had while they were pending, so that the row is the same. */
function keyOf(message: Message, ownId: string | null): string {
  return message.sender.id === ownId && message.temp_id !== null ? message.temp_id : message.id;
}

/** The number of the message in a row; null for lines that are none, and for those not stored yet. */
export function seqOf(row: Row | undefined): number | null {
  return row !== undefined && "seq" in row ? row.seq : null;
}

/** The day that a row belongs to, found by going back; undefined before the first. */
export function dayAt(rows: readonly Row[], index: number): Date | undefined {
  for (let i = Math.min(index, rows.length - 1); i >= 0; i--) {
    const row = rows[i];
    if (row?.kind === "date") return row.date;
    if (row?.kind === "message" || row?.kind === "system") return new Date(row.message.created_at);
    if (row?.kind === "pending") return new Date(row.pending.created_at);
  }
  return undefined;
}

/** How the rows changed since `previous`: in front, behind (also in between), at both ends, or all of them. */
export function changeOf(previous: readonly Row[], next: readonly Row[]): "prepended" | "other" | "both" | "replaced" {
  const [oldFirst, oldLast] = [previous[0], previous.at(-1)];
  const [newFirst, newLast] = [next[0], next.at(-1)];
  if (!oldFirst || !oldLast || !newFirst || !newLast || oldFirst.key === newFirst.key) return "other";
  const keys = new Set(next.map(({ key }) => key));
  if (!keys.has(oldFirst.key)) return previous.some(({ key }) => keys.has(key)) ? "other" : "replaced";
  if (oldLast.key === newLast.key) return "prepended";
  return keys.has(oldLast.key) ? "both" : "other";
}
