import { describe, expect, test } from "bun:test";
import { emojiOf } from "../../src/protocol/emoji.ts";

describe("what is one emoji", () => {
  const same = ["👍", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇹🇼", "1️⃣", "❤️", "🧑🏿‍❤️‍💋‍🧑🏻", "♂️", "©️"];
  for (const emoji of same) {
    test(`${emoji} is`, () => {
      expect(emojiOf(emoji)).toBe(emoji);
    });
  }

  test("with or without its variation selectors it is the same one", () => {
    expect(emojiOf("❤")).toBe("❤\uFE0F");
    expect(emojiOf("👍\uFE0F")).toBe("👍");
    expect(emojiOf("🏳‍🌈")).toBe("🏳️‍🌈");
    expect(emojiOf("1⃣")).toBe("1️⃣");
    expect(emojiOf("🕵‍♀")).toBe("🕵️‍♀️");
  });

  const others = [
    ["a word", "hello"],
    ["a letter", "a"],
    ["a digit", "1"],
    ["a digit with a selector", "1\uFE0F"],
    ["two of them", "👍👍"],
    ["one and a letter", "👍a"],
    ["markup", "<b>"],
    ["nothing", ""],
    ["what is not seen", "\u200B"],
    ["a selector alone", "\uFE0F"],
    ["half of a flag", "🇹"],
    ["a skin tone on what has none", "🍕🏽"],
    ["a Han character", "好"],
    ["a star of text", "★"],
    ["a thousand joiners", `👩${"\u200D👩".repeat(1_000)}`],
  ] as const;
  for (const [what, text] of others) {
    test(`${what} is none`, () => {
      expect(emojiOf(text)).toBeUndefined();
    });
  }
});
