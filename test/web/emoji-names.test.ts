import { describe, expect, test } from "bun:test";
import { emojiOf } from "../../src/protocol/emoji.ts";
import { emojiQuery, matchingEmojis } from "../../src/web/composer/emoji-query.ts";
import { text as en } from "../../src/web/emoji/names/en.ts";
import { text as zhHant } from "../../src/web/emoji/names/zh-hant.ts";
import { text as zh } from "../../src/web/emoji/names/zh.ts";
import { namedEmojis } from "../../src/web/emoji/unpack.ts";
import { withWishes } from "../../src/web/reactions/with-wishes.ts";

describe("a name that is begun behind a colon", () => {
  const begun = [
    ["at the beginning", ":tea", { at: 0, typed: "tea" }],
    ["behind a space", "some :teac", { at: 5, typed: "teac" }],
    ["behind Han characters", "喝:茶", { at: 1, typed: "茶" }],
    ["a thumb", "ok :+1", { at: 3, typed: "+1" }],
  ] as const;
  for (const [what, written, found] of begun) {
    test(`is seen ${what}`, () => expect(emojiQuery(written, written.length)).toEqual(found));
  }

  const others = ["12:30", "https://example", "a:bcd", "::abc", ":D", ": tea", "tea", ":", ":tea "];
  for (const written of others) {
    test(`is none in “${written}”`, () => expect(emojiQuery(written, written.length)).toBeNull());
  }

  test("ends at the caret", () => expect(emojiQuery(":teapot", 4)).toEqual({ at: 0, typed: "tea" }));

  test("offers what is called so exactly first, and finds names in the person's language", async () => {
    const english = await namedEmojis("en");
    expect(matchingEmojis(english, "tea", 3)[0]?.emoji).toBe("🍵");
    expect(matchingEmojis(english, "TADA", 1)[0]?.emoji).toBe("🎉");
    expect(matchingEmojis(english, "zzz", 3).map(({ emoji }) => emoji)).toContain("💤");
    expect(matchingEmojis(english, "no such thing", 3)).toEqual([]);
    const chinese = await namedEmojis("zh-TW");
    expect(matchingEmojis(chinese, "茶", 8).map(({ emoji }) => emoji)).toContain("🍵");
    expect(matchingEmojis(chinese, "tea", 1)[0]?.emoji).toBe("🍵");
  });
});

describe("the names of the emojis", () => {
  for (const [language, text] of Object.entries({ en, zh, "zh-hant": zhHant })) {
    test(`are of emojis that the server takes as they are, skin tones too: ${language}`, () => {
      const { emojis } = JSON.parse(text) as { emojis: [string, number, string, string[], string[]][] };
      expect(emojis.length).toBeGreaterThan(1_500);
      const all = emojis.flatMap(([emoji, , , , skins]) => [emoji, ...skins]);
      expect(all.filter((emoji) => emojiOf(emoji) !== emoji)).toEqual([]);
      expect(emojis.every(([, category, label]) => typeof category === "number" && label !== "")).toBe(true);
    });
  }
});

describe("a reaction that was asked for", () => {
  const thumb = { emoji: "👍", count: 2, me: true };
  const party = { emoji: "🎉", count: 1, me: false };
  const held = [thumb, party];
  const wished = (...wishes: [string, boolean][]) => withWishes(held, new Map(wishes), "m");

  test("is shown at once, and changes nothing once it is there", () => {
    expect(wished(["m 🎉", true])).toEqual([thumb, { emoji: "🎉", count: 2, me: true }]);
    expect(wished(["m 👍", true])).toEqual(held);
    expect(wished(["m 🍵", true])).toEqual([...held, { emoji: "🍵", count: 1, me: true }]);
    expect(wished(["m 👍", false])).toEqual([{ emoji: "👍", count: 1, me: false }, party]);
  });

  test("of another message is none of this one's", () => expect(wished(["n 🎉", true])).toEqual(held));
});
