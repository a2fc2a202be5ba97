import { codeRanges } from "./code-ranges.ts";
import { limits } from "./limits.ts";

/** What stands in a message's `mentions` for everybody in its room, and is typed after the `@`. */
export const everybody = "all";

/** An `@` that may name somebody: the texts behind it, the longest first. */
export interface MentionSite {
  /** Where the `@` stands. */
  at: number;
  names: readonly string[];
}

/** Texts behind one `@` that are looked at: a name ends at a word's end, and in scripts without spaces anywhere. */
const namesPerSite = 32;

const spaceless =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const word = /[\p{L}\p{N}_]/u;
/** Belongs to the character before it. */
const attached = /\p{M}|\u{200c}|\u{200d}|\p{Emoji_Modifier}/u;

/** Whether a name cannot end between these two: inside a word that is written with spaces around it. */
function areOneWord(before: string, after: string): boolean {
  if (attached.test(after) || before === "\u200d") return true;
  return word.test(before) && word.test(after) && !spaceless.test(before) && !spaceless.test(after);
}

/** How the names could go that begin at `from`, the longest first. A dot at the end is a sentence's, not a name's. */
export function namesAt(text: string, from: number): string[] {
  const names: string[] = [];
  // In code points: half of one is no text to look up.
  const points = Array.from(text.slice(from, from + 2 * limits.displayNameChars + 2));
  let name = "";
  for (let index = 0; index < limits.displayNameChars && names.length < namesPerSite; index++) {
    const point = points[index];
    if (point === undefined || point === "\n") break;
    name += point;
    const next = points[index + 1];
    if (point === "." || point.trim() === "" || (next !== undefined && areOneWord(point, next))) continue;
    names.push(name);
  }
  return names.reverse();
}

/** Whether the `@` at `at` can begin a mention: in `ann@example.org` it cannot. */
export function beginsMention(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at).match(/.$/u)?.[0];
  return before === undefined || !word.test(before) || spaceless.test(before);
}

/** Every `@` outside of code that may name somebody, in order; `most` texts behind them all together. */
export function mentionSites(text: string, most: number): MentionSite[] {
  const sites: MentionSite[] = [];
  const code = codeRanges(text);
  let range = 0;
  let left = most;
  for (let at = text.indexOf("@"); at !== -1 && left > 0; at = text.indexOf("@", at + 1)) {
    while ((code[range]?.end ?? Infinity) <= at) range++;
    if ((code[range]?.start ?? Infinity) <= at || !beginsMention(text, at)) continue;
    const names = namesAt(text, at + 1);
    if (names.length === 0) continue;
    sites.push({ at, names });
    left -= names.length;
  }
  return sites;
}
