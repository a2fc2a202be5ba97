import type { Message, TimelineMessage } from "../../protocol/models.ts";
import type { PendingMessage } from "../../sdk/state.ts";
import { daysBetween } from "../i18n/format.ts";

/** A line of the timeline. Its key never changes, also not when an own message goes from pending to stored. */
export type Row =
  | { readonly kind: "beginning"; readonly key: "beginning" }
  | { readonly kind: "date"; readonly key: string; readonly date: Date }
  | { readonly kind: "divider"; readonly key: "divider" }
  | { readonly kind: "system"; readonly key: string; readonly seq: number; readonly message: Message }
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

/** All that a row needs to know of those before it. */
interface Before {
  readonly date: Date | null;
  readonly senderId: string | null;
  readonly atMs: number;
}

/** What one message contributes, and what it is to the next one. */
interface Part {
  readonly rows: readonly Row[];
  readonly after: Before;
}

const nothing: Before = { date: null, senderId: null, atMs: 0 };

/**
 * The lines of a timeline. As long as older messages are missing, the first one held (that can be seen) is not shown,
 * only looked at: so every row knows what stands before it, and loading older ones changes none.
 */
export function buildRows({ messages, pending, hasOlder, live, readSeq, ownId }: RowsInput): Row[] {
  const rows: Row[] = hasOlder ? [] : [{ kind: "beginning", key: "beginning" }];
  const lookedAt = hasOlder ? messages.findIndex((message) => !("is_hidden" in message)) : -1;
  const first = messages[lookedAt];
  let before = first === undefined ? nothing : partOf(first, nothing, false, ownId).after;
  // Where all that is held is new, the line belongs before something that is not held yet.
  let lineDue = readSeq !== null && (first === undefined || first.seq <= readSeq);

  for (const message of hasOlder ? messages.slice(lookedAt + 1) : messages) {
    const isOthers = !("is_hidden" in message) && message.sender.id !== ownId;
    const afterLine = lineDue && readSeq !== null && message.seq > readSeq && isOthers;
    if (afterLine) lineDue = false;
    const part = partOf(message, before, afterLine, ownId);
    rows.push(...part.rows);
    before = part.after;
  }
  if (!live || ownId === null) return rows;
  for (const sent of pending) {
    const date = new Date(sent.created_at);
    if (beginsDay(before, date)) rows.push({ kind: "date", key: `date ${sent.temp_id}`, date });
    const startsRun = beginsRun(before, ownId, date);
    rows.push({ kind: "pending", key: sent.temp_id, pending: sent, startsRun });
    before = { date, senderId: ownId, atMs: date.getTime() };
  }
  return rows;
}

interface Made extends Part {
  readonly before: Before;
  readonly afterLine: boolean;
  readonly ownId: string | null;
}

/** A room takes in many messages a second while thousands are held: what did not change is not made again. */
const made = new WeakMap<TimelineMessage, Made>();

function partOf(message: TimelineMessage, before: Before, afterLine: boolean, ownId: string | null): Part {
  const held = made.get(message);
  if (held?.before === before && held.afterLine === afterLine && held.ownId === ownId) return held;
  const { rows, after } = makePart(message, before, afterLine, ownId);
  // The same object where it says the same, so that all that follow are found again.
  const part = { rows, after: held && isSame(held.after, after) ? held.after : after, before, afterLine, ownId };
  made.set(message, part);
  return part;
}

function makePart(message: TimelineMessage, before: Before, afterLine: boolean, ownId: string | null): Part {
  // What one is not to see leaves no gap either.
  if ("is_hidden" in message) return { rows: [], after: before };
  const { seq, sender } = message;
  // One's own messages keep the id they had while they were pending, so that the row is the same.
  const key = sender.id === ownId && message.temp_id !== null ? message.temp_id : message.id;
  const date = new Date(message.created_at);
  const rows: Row[] = [];
  if (beginsDay(before, date)) rows.push({ kind: "date", key: `date ${key}`, date });
  if (afterLine) rows.push({ kind: "divider", key: "divider" });
  if (message.type === "system") {
    rows.push({ kind: "system", key, seq, message });
    return { rows, after: { date, senderId: null, atMs: 0 } };
  }
  const startsRun = afterLine || beginsRun(before, sender.id, date);
  rows.push({ kind: "message", key, seq, message, startsRun });
  return { rows, after: { date, senderId: sender.id, atMs: date.getTime() } };
}

function beginsDay(before: Before, date: Date): boolean {
  return before.date === null || daysBetween(before.date, date) > 0;
}

function beginsRun(before: Before, senderId: string, date: Date): boolean {
  return beginsDay(before, date) || before.senderId !== senderId || date.getTime() - before.atMs >= runMs;
}

function isSame(a: Before, b: Before): boolean {
  return a.date?.getTime() === b.date?.getTime() && a.senderId === b.senderId && a.atMs === b.atMs;
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

/** How many rows came and went in front since `previous`; null when nothing is left of them. */
export function frontOf(previous: readonly Row[], next: readonly Row[]): { added: number; removed: number } | null {
  const [oldFirst, newFirst] = [previous[0], next[0]];
  if (!oldFirst || !newFirst || oldFirst.key === newFirst.key) return { added: 0, removed: 0 };
  const places = new Map(next.map(({ key }, index) => [key, index]));
  const removed = previous.findIndex(({ key }) => places.has(key));
  const added = places.get(previous[removed]?.key ?? "");
  return added === undefined ? null : { added, removed };
}
