/** Longer than any emoji of Unicode 17: a family of four with skin tones has 41 UTF-16 units. */
const unitsMax = 64;

const oneEmoji = /^\p{RGI_Emoji}$/v;
const isShownAsEmoji = /^\p{Emoji_Presentation}$/u;

/**
 * The one emoji that `text` is, in the form that Unicode recommends for interchange (UTS #51: with all its variation
 * selectors), so that ❤ and ❤️ are the same; `undefined` for everything else.
 */
export function emojiOf(text: string): string | undefined {
  if (text.length > unitsMax) return undefined;
  const bare = text.replaceAll("\uFE0F", "");
  if (oneEmoji.test(bare)) return bare;
  const qualified = bare.replace(/\p{Emoji}(?!\p{Emoji_Modifier})/gu, (part) =>
    isShownAsEmoji.test(part) ? part : `${part}\uFE0F`,
  );
  return oneEmoji.test(qualified) ? qualified : undefined;
}
