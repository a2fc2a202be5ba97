import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { folded, foldedWithPlaces } from "../../src/server/search/fold.ts";
import { highlight } from "../../src/server/search/highlight.ts";
import { parseQuery } from "../../src/server/search/query.ts";
import { digest, type IndexedRow } from "../../src/server/search/slice.ts";
import { contentTokens } from "../../src/server/search/tokens.ts";
import { seed } from "../support/random.ts";

const finds = (content: string, q: string) => highlight(content, parseQuery(q).terms) !== undefined;
const isLookedUp = (content: string, q: string) => {
  const tokens = contentTokens(content);
  return parseQuery(q).tokens.every((token) => tokens.has(token));
};
const parameters = { seed, numRuns: 2_000 };
/** Any text that a message may have. */
const text = fc.string({ unit: "binary", maxLength: 60 }).filter((value) => value.isWellFormed());
/** Text in which something can be found: letters of several scripts, marks, widths and signs side by side. */
const denseText = fc.string({
  unit: fc.constantFrom(..."aAbBéÉßςΣσiİıñǅﬁＡａ１牛肉麵喜歡カｶﾞがグ한국어ㄅーไทย中👍🏽  ..-_\"'*():~\u0301\u0327\u200d"),
  maxLength: 24,
});
/** It begins with itself: a mark would join what stands before it. */
const dense = denseText.filter((value) => !/^[\p{M}\uFF9E\u200d]/u.test(value));

describe("folding", () => {
  test.each([
    ["Ｈｅｌｌｏ　ＷＯＲＬＤ", "hello world"],
    ["Straße", "STRASSE"],
    ["café", "cafe\u0301"],
    ["Café", "cafe"],
    ["ΟΔΥΣΣΕΎΣ", "οδυσσευς"],
    ["İstanbul", "istanbul"],
    ["Ёлка", "елка"],
    ["ｶﾞﾝﾀﾞﾑ", "ガンダム"],
    ["ﬁne", "fine"],
    ["co\u00adoperate", "cooperate"],
  ])("%s is the same as %s", (one, other) => {
    expect(folded(one)).toBe(folded(other));
  });

  test.each([
    ["か", "が"],
    ["は", "ぱ"],
    ["국", "구"],
    ["牛", "午"],
    ["क", "कि"],
  ])("%s is not %s: what only looks like an accent stays", (one, other) => {
    expect(folded(one)).not.toBe(folded(other));
  });

  test("gives the same whatever normal form the text came in, and folding again changes nothing", () => {
    fc.assert(
      fc.property(denseText, (value) => {
        const tokens = [...contentTokens(value)];
        for (const form of ["NFC", "NFD", "NFKC"] as const) {
          expect([...contentTokens(value.normalize(form))]).toEqual(tokens);
        }
        expect(folded(folded(value))).toBe(folded(value));
      }),
      parameters,
    );
  });

  test("knows of every character where it came from", () => {
    fc.assert(
      fc.property(fc.oneof(text, dense), (value) => {
        const { text: out, starts, ends } = foldedWithPlaces(value);
        expect(out).toBe(folded(value));
        expect([starts.length, ends.length]).toEqual([out.length, out.length]);
        for (let unit = 0; unit < out.length; unit++) {
          expect(starts[unit]).toBeLessThan(ends[unit] ?? 0);
          if (unit > 0) expect(starts[unit]).toBeGreaterThanOrEqual(starts[unit - 1] ?? 0);
        }
      }),
      parameters,
    );
  });
});

describe("tokens", () => {
  test("of Chinese are its characters and its pairs, of words themselves and their beginnings", () => {
    expect([...contentTokens("我喜歡牛肉麵")].sort()).toEqual(
      ["我", "喜", "歡", "牛", "肉", "麵", "我喜", "喜歡", "歡牛", "牛肉", "肉麵"].sort(),
    );
    expect([...contentTokens("iPhone殼 2")]).toEqual([
      "iphone",
      "ip~",
      "iph~",
      "ipho~",
      "iphon~",
      "iphone~",
      "殼",
      "2",
    ]);
  });

  test("hold nothing that means something to a query language or parts a list of tokens", () => {
    fc.assert(
      fc.property(fc.oneof(text, dense), (value) => {
        for (const token of contentTokens(value))
          expect(token).toMatch(/^[\p{L}\p{N}\p{M}\p{Extended_Pictographic}]+~?$/u);
      }),
      parameters,
    );
  });

  test("of a message are few enough, however long it is", () => {
    const chinese = Array.from({ length: 4_000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join("");
    expect(contentTokens(chinese).size).toBe(7_999);
    expect(Math.max(...[...contentTokens("x".repeat(4_000))].map(({ length }) => length))).toBeLessThan(40);
  });
});

describe("queries", () => {
  test("find every part of a text that stands by itself", () => {
    fc.assert(
      fc.property(dense, dense, dense, (before, value, after) => {
        fc.pre(contentTokens(value).size > 0);
        const content = `${before} ${value} ${after}`;
        expect(isLookedUp(content, value)).toBe(true);
        expect(finds(content, value)).toBe(true);
      }),
      parameters,
    );
  });

  test("find a beginning of the last word, and of no other", () => {
    expect(finds("see you at the harbour", "harb")).toBe(true);
    expect(isLookedUp("see you at the harbour", "harb")).toBe(true);
    expect(finds("see you at the harbour", "harb the")).toBe(false);
    expect(finds("see you at the harbour", "harb!")).toBe(false);
    expect(finds("internationalization", "internationalize")).toBe(false);
  });

  test("find characters side by side, not only somewhere", () => {
    expect(finds("我喜歡牛肉麵", "牛肉麵")).toBe(true);
    expect(isLookedUp("牛肉和肉麵", "牛肉麵")).toBe(true);
    expect(finds("牛肉和肉麵", "牛肉麵")).toBe(false);
    expect(finds("我喜歡牛肉麵", "肉")).toBe(true);
    expect(finds("水牛。肉麵", "牛肉")).toBe(false);
  });

  test("without anything to look for are refused", () => {
    for (const q of ["!!!", '"', "* - ()", "—"]) expect(() => parseQuery(q)).toThrow("VALIDATION_ERROR");
  });

  test("are bounded however much was typed", () => {
    const long = Array.from({ length: 200 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join("");
    expect(parseQuery(long).tokens.length).toBeLessThan(30);
    expect(finds(`前${long}後`, long)).toBe(true);
  });
});

describe("highlights", () => {
  test("mark what was found in the words of the message", () => {
    expect(highlight("Das STRASSENFEST beim Café", parseQuery("straßen cafe").terms)).toBeUndefined();
    expect(highlight("Die STRASSE zum Café", parseQuery("straße cafe").terms)).toEqual([
      { text: "Die ", is_match: false },
      { text: "STRASSE", is_match: true },
      { text: " zum ", is_match: false },
      { text: "Café", is_match: true },
    ]);
  });

  test("begin near what was found, at a word where there are words", () => {
    const [first] = highlight(`${"many words before ".repeat(8)}the needle`, parseQuery("needle").terms) ?? [];
    expect(first?.text).toMatch(/^…(many|words|before) .*the $/);
    const [chinese] = highlight(`${"字".repeat(100)}針`, parseQuery("針").terms) ?? [];
    expect(chinese?.text).toBe(`…${"字".repeat(40)}`);
  });

  test("are an excerpt of the message and nothing else, whatever is in it", () => {
    fc.assert(
      fc.property(dense, fc.array(dense, { maxLength: 40 }), (value, others) => {
        fc.pre(contentTokens(value).size > 0);
        const content = [...others, value, ...others].join(" ");
        const parts = highlight(content, parseQuery(value).terms) ?? [];
        const whole = parts.map(({ text: part }) => part).join("");
        expect(content).toContain(whole.replace(/^…/, "").replace(/…$/, ""));
        expect(whole.isWellFormed()).toBe(true);
        expect(whole.length).toBeLessThan(210);
        expect(parts.some(({ is_match }) => is_match)).toBe(true);
      }),
      parameters,
    );
  });
});

describe("a slice", () => {
  const row = (key: number, content: string, extra: Partial<IndexedRow> = {}): IndexedRow => ({
    key,
    room_key: 1,
    sender_key: 2,
    type: "text",
    content,
    deleted_at: null,
    recalled_at: null,
    ...extra,
  });

  test("ends where its texts are long enough, and says up to where it came", () => {
    const sent = Array.from({ length: 100 }, (_, index) => row(index + 1, "字".repeat(4_000)));
    const { entries, upTo } = digest([], [], sent, 0);
    expect(entries.length).toBeLessThan(15);
    expect(upTo).toBe(entries.length);
  });

  test("leaves notes that it had no room for to the next one", () => {
    const changed = Array.from({ length: 100 }, (_, index) => row(index + 1, "字".repeat(4_000)));
    const notes = changed.map(({ key }) => ({ key: key + 1_000, message_key: key }));
    const { entries, doneNotes, upTo } = digest(notes, changed, [row(500, "new")], 100);
    expect(doneNotes).toEqual(notes.slice(0, entries.length).map(({ key }) => key));
    expect(upTo).toBe(100);
  });

  test("forgets what is emptied, gone, or says nothing; system lines were never in it", () => {
    const notes = [1, 2, 3].map((key) => ({ key, message_key: key }));
    const changed = [row(1, "x", { deleted_at: 1 }), row(2, "new words")];
    const { entries, gone } = digest(
      notes,
      changed,
      [row(4, "", { type: "system" }), row(5, "x", { recalled_at: 1 })],
      3,
    );
    expect(entries.map(({ key }) => key)).toEqual([2]);
    expect(gone).toEqual([1, 3]);
  });
});
