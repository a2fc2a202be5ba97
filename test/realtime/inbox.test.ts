import { describe, expect, test } from "bun:test";
import { Inbox } from "../../src/server/realtime/inbox.ts";

/** An inbox whose handlers end when the test says so. */
function rig() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const total = { chars: 0, frames: 0 };
  const inbox = new Inbox(total, {
    handle({ text }) {
      begun.push(text);
      return new Promise((resolve) => ends.set(text, resolve));
    },
  });
  const push = (text: string) => inbox.push({ text, atMs: 0 });
  const end = async (text: string) => {
    ends.get(text)?.();
    await settle();
  };
  return { inbox, total, begun, push, end };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("the frames of a socket", () => {
  test("wait until it is open, then are handled one after the other in the order they came", async () => {
    const { inbox, begun, push, end } = rig();
    for (const text of ["one", "two", "three"]) push(text);
    await settle();
    expect(begun).toEqual([]);
    inbox.open();
    expect(begun).toEqual(["one"]);
    await settle();
    expect(begun).toEqual(["one"]);
    await end("one");
    expect(begun).toEqual(["one", "two"]);
    push("four");
    await end("two");
    await end("three");
    expect(begun).toEqual(["one", "two", "three", "four"]);
  });

  test("are handled at once, one after the other, where nothing has to be waited for", () => {
    const begun: string[] = [];
    const inbox = new Inbox(
      { chars: 0, frames: 0 },
      {
        handle({ text }) {
          begun.push(text);
          return undefined;
        },
      },
    );
    inbox.push({ text: "one", atMs: 0 });
    inbox.push({ text: "two", atMs: 0 });
    inbox.open();
    expect(begun).toEqual(["one", "two"]);
    inbox.push({ text: "three", atMs: 0 });
    expect(begun).toEqual(["one", "two", "three"]);
  });

  test("are 8,192 at most; what was handled makes room again", async () => {
    const { inbox, total, push, end } = rig();
    inbox.open();
    for (let count = 0; count <= 8_192; count++) expect(push(`${count}`)).toBe(true);
    expect(total.frames).toBe(8_192);
    expect(push("one too many")).toBe(false);
    await end("0");
    expect(push("one more")).toBe(true);
    inbox.close();
    expect(total).toEqual({ chars: 0, frames: 0 });
  });

  test("have their share of what all inboxes may hold", () => {
    const { total, push } = rig();
    const frame = "x".repeat(64 * 1024);
    for (let count = 0; count < 32; count++) expect(push(frame)).toBe(true);
    total.chars = 200 * 1024 * 1024;
    expect(push(frame)).toBe(false);
    const another = new Inbox(total, { handle: async () => {} });
    expect(another.push({ text: frame, atMs: 0 })).toBe(true);
  });

  test("are dropped when it closes, but for the one under way", async () => {
    const { inbox, begun, push, end } = rig();
    inbox.open();
    push("one");
    push("two");
    inbox.close();
    let isIdle = false;
    void inbox.idle().then(() => (isIdle = true));
    await settle();
    expect(isIdle).toBe(false);
    await end("one");
    expect(isIdle).toBe(true);
    expect(begun).toEqual(["one"]);
  });

  test("find quiet when what overlapped is over", async () => {
    const { inbox } = rig();
    expect(inbox.quiet()).toBeUndefined();
    inbox.beginOverlap();
    inbox.beginOverlap();
    expect(inbox.room()).toBeUndefined();
    let isQuiet = false;
    void inbox.quiet()?.then(() => (isQuiet = true));
    inbox.endOverlap();
    await settle();
    expect(isQuiet).toBe(false);
    inbox.endOverlap();
    await settle();
    expect(isQuiet).toBe(true);
  });

  test("overlap 1,024 times at most", async () => {
    const { inbox } = rig();
    for (let count = 0; count < 1_024; count++) inbox.beginOverlap();
    let isRoom = false;
    void inbox.room()?.then(() => (isRoom = true));
    await settle();
    expect(isRoom).toBe(false);
    inbox.endOverlap();
    await settle();
    expect(isRoom).toBe(true);
  });
});
