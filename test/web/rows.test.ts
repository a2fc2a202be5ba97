import { describe, expect, test } from "bun:test";
import type { Message, TimelineMessage } from "../../src/protocol/models.ts";
import type { PendingMessage } from "../../src/sdk/state.ts";
import { buildRows, dayAt, frontOf, type Row } from "../../src/web/timeline/rows.ts";

const noon = new Date(2026, 0, 9, 12, 0).getTime();
const minute = 60_000;
const day = 24 * 60 * minute;

function person(id: string) {
  return { id, username: id, display_name: id, avatar_url: null };
}

function message(seq: number, sender: string, atMs: number, over: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    room_id: "room",
    seq,
    rev: seq,
    sender: person(sender),
    content: `text ${seq}`,
    type: "text",
    reply_to: null,
    files: [],
    reactions: [],
    mentions: [],
    created_at: new Date(atMs).toISOString(),
    is_edited: false,
    edited_at: null,
    is_deleted: false,
    is_recalled: false,
    temp_id: null,
    ...over,
  };
}

function pending(tempId: string, atMs: number): PendingMessage {
  const created_at = new Date(atMs).toISOString();
  return { temp_id: tempId, room_id: "room", content: "…", created_at, status: "queued", seq: null, error: null };
}

interface Input {
  messages: readonly TimelineMessage[];
  pending?: readonly PendingMessage[];
  hasOlder?: boolean;
  live?: boolean;
  readSeq?: number | null;
}

function rowsOf({ messages, pending: sent = [], hasOlder = false, live = true, readSeq = null }: Input): Row[] {
  return buildRows({ messages, pending: sent, hasOlder, live, readSeq, ownId: "me" });
}

const kinds = (rows: readonly Row[]) => rows.map(({ kind }) => kind).join(" ");
const runs = (rows: readonly Row[]) =>
  rows.flatMap((row) => (row.kind === "message" || row.kind === "pending" ? [row.startsRun] : []));

describe("a timeline's rows", () => {
  test("begin with the beginning and the day", () => {
    expect(kinds(rowsOf({ messages: [message(1, "ann", noon)] }))).toBe("beginning date message");
    expect(kinds(rowsOf({ messages: [] }))).toBe("beginning");
  });

  test("make a run of one sender's messages within five minutes", () => {
    const messages = [
      message(1, "ann", noon),
      message(2, "ann", noon + 4 * minute),
      message(3, "ann", noon + 8 * minute),
      message(4, "ben", noon + 8 * minute),
      message(5, "ann", noon + 9 * minute),
      message(6, "ann", noon + 14 * minute),
    ];
    expect(runs(rowsOf({ messages }))).toEqual([true, false, false, true, true, true]);
  });

  test("break a run at a day, a system line, and the line of what is new", () => {
    const system = message(3, "ben", noon + 2 * minute, { type: "system" });
    const messages = [message(1, "ann", noon), message(2, "ann", noon + minute), system];
    const more = [
      message(4, "ann", noon + 2 * minute),
      message(5, "ann", noon + 3 * minute),
      message(6, "ann", noon + day),
    ];
    const rows = rowsOf({ messages: [...messages, ...more], readSeq: 4 });
    expect(kinds(rows)).toBe("beginning date message message system message divider message date message");
    expect(runs(rows)).toEqual([true, false, true, true, true]);
  });

  test("put the line before the first message of somebody else that was not read", () => {
    const messages = [
      message(1, "ann", noon),
      message(2, "me", noon),
      message(3, "ann", noon),
      message(4, "ann", noon),
    ];
    expect(kinds(rowsOf({ messages, readSeq: 1 }))).toBe("beginning date message message divider message message");
    expect(kinds(rowsOf({ messages, readSeq: 4 }))).not.toContain("divider");
    expect(kinds(rowsOf({ messages, readSeq: null }))).not.toContain("divider");
  });

  test("keep the key of one's own message when it goes from pending to stored", () => {
    const before = rowsOf({ messages: [message(1, "ann", noon)], pending: [pending("t1", noon)] });
    const stored = message(2, "me", noon, { temp_id: "t1" });
    const after = rowsOf({ messages: [message(1, "ann", noon), stored] });
    expect(after.map(({ key }) => key)).toEqual(before.map(({ key }) => key));
    // Another's temp_id is nobody's business here: two people may have chosen the same.
    const foreign = message(3, "ben", noon, { temp_id: "t1" });
    expect(rowsOf({ messages: [stored, foreign] }).map(({ key }) => key)).toContain("m3");
  });

  test("show what is pending only where the window ends at the newest message", () => {
    const input = { messages: [message(7, "ann", noon)], pending: [pending("t1", noon)] };
    expect(kinds(rowsOf({ ...input, live: true }))).toEndWith("message pending");
    expect(kinds(rowsOf({ ...input, live: false }))).toEndWith("message");
  });

  test("never change by what is loaded before them", () => {
    const all: TimelineMessage[] = [];
    for (let seq = 1; seq <= 120; seq++) {
      if (seq % 17 === 0) all.push({ id: `m${seq}`, room_id: "room", seq, rev: seq, is_hidden: true });
      else if (seq % 13 === 0) all.push(message(seq, "ann", noon + seq * 20 * minute, { type: "system" }));
      else
        all.push(
          message(seq, ["ann", "ben", "me"][(seq >> 2) % 3] ?? "", noon + seq * 2 * minute + (seq >> 3) * 90 * minute),
        );
    }
    const whole = rowsOf({ messages: all, readSeq: 100 });
    for (let from = 1; from < 99; from++) {
      const part = rowsOf({ messages: all.slice(from), hasOlder: true, readSeq: 100 });
      expect(part).toEqual(whole.slice(whole.length - part.length));
    }
  });

  test("say which day it is at any of them", () => {
    const rows = rowsOf({ messages: [message(1, "ann", noon), message(2, "ann", noon + day)] });
    expect(dayAt(rows, 0)).toBeUndefined();
    expect(dayAt(rows, 2)?.toDateString()).toBe(new Date(noon).toDateString());
    expect(dayAt(rows, 99)?.toDateString()).toBe(new Date(noon + day).toDateString());
  });
});

test("what one is not to see leaves no line, and breaks no run", () => {
  const stub: TimelineMessage = { id: "m2", room_id: "room", seq: 2, rev: 2, is_hidden: true };
  const rows = rowsOf({ messages: [message(1, "ann", noon), stub, message(3, "ann", noon + minute)], readSeq: 1 });
  expect(kinds(rows)).toBe("beginning date message divider message");
  expect(runs(rowsOf({ messages: [message(1, "ann", noon), stub, message(3, "ann", noon)] }))).toEqual([true, false]);
  expect(kinds(rowsOf({ messages: [stub] }))).toBe("beginning");
});

describe("the front of the rows", () => {
  const of = (...keys: string[]): Row[] => keys.map((key) => ({ kind: "date", key, date: new Date(noon) }));
  test.each([
    [{ added: 2, removed: 0 }, of("c", "d"), of("a", "b", "c", "d")],
    [{ added: 1, removed: 0 }, of("c", "d"), of("b", "c", "d", "e")],
    [{ added: 0, removed: 0 }, of("c", "d"), of("c", "d", "e")],
    [{ added: 0, removed: 1 }, of("c", "d"), of("d", "e")],
    [{ added: 1, removed: 1 }, of("c", "d", "e"), of("x", "d")],
    [{ added: 0, removed: 0 }, of("c", "d"), of()],
    [null, of("c", "d"), of("x", "y")],
  ] as const)("changes by %j", (change, before, after) => {
    expect(frontOf(before, after)).toEqual(change);
  });
});
