import type { NamedEmoji } from "../emoji/unpack.ts";

/** A `:` that is being typed, and what stands behind it up to the caret. */
export interface EmojiQuery {
  readonly at: number;
  readonly typed: string;
}

/** Not in times, addresses and the like: before it stands no Latin letter, digit, colon or slash. */
const begun = /(?<![\p{Script=Latin}\p{N}:/]):([\p{L}\p{N}_+-]{1,32})$/u;
/** One letter would offer something at every `:D`; of a script without letters one sign is a word. */
const enough = /^(?:[+-]|.{2}|\p{Script=Han})/u;

/** The name that is begun right before the caret; null where none is. */
export function emojiQuery(text: string, caret: number): EmojiQuery | null {
  const found = begun.exec(text.slice(Math.max(0, caret - 40), caret));
  const typed = found?.[1];
  return typed !== undefined && enough.test(typed) ? { at: caret - typed.length - 1, typed } : null;
}

const none = 5;

/** The emojis whose names begin with what was typed, those called exactly so first. */
export function matchingEmojis(emojis: readonly NamedEmoji[], typed: string, max: number): NamedEmoji[] {
  const wanted = typed.toLowerCase();
  const rank = ({ codes, words }: NamedEmoji) => {
    if (codes.includes(wanted)) return 0;
    if (words.includes(wanted)) return 1;
    if (codes.some((code) => code.startsWith(wanted))) return 2;
    if (words.some((word) => word.startsWith(wanted))) return 3;
    const parts = [...codes, ...words].flatMap((name) => name.split(/[\s_]+/));
    return parts.some((part) => part.startsWith(wanted)) ? 4 : none;
  };
  return emojis
    .map((emoji) => ({ emoji, rank: rank(emoji) }))
    .filter(({ rank }) => rank < none)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, max)
    .map(({ emoji }) => emoji);
}
