import { folded } from "./fold.ts";
import { parts } from "./words.ts";

/**
 * What the index knows of a message: the same on both dialects, which compare tokens and nothing else. A word gives itself
 * and its beginnings (`ca~ …`), so that the word one is still typing is looked up like any other; a run of Chinese gives its
 * characters and its pairs. Tokens hold letters, digits and marks only, the `:` and `~` of ours apart: no operator of
 * either database's query language.
 */

/** Characters of a word that count; longer ones are told apart by looking at the message. */
const wordChars = 32;
/** Beginnings of these lengths are looked up; a longer one by its first eight characters. */
const beginningMin = 2;
const beginningMax = 8;

export const roomToken = (roomKey: number) => `r:${roomKey}`;
export const senderToken = (senderKey: number) => `u:${senderKey}`;

export function wordToken(text: string): string {
  return firstCharacters(text, wordChars);
}

/** The token of all words that begin so; `undefined` when it is too short to be looked up as a beginning. */
export function beginningToken(text: string): string | undefined {
  const isTooShort = firstCharacters(text, beginningMin - 1) === text;
  return isTooShort ? undefined : `${firstCharacters(text, beginningMax)}~`;
}

/** Whole characters: half a surrogate pair is none. */
function firstCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  return Array.from(text.slice(0, 2 * most))
    .slice(0, most)
    .join("");
}

/** A run's pairs of characters; of a single character itself. */
export function runTokens(text: string): string[] {
  const characters = [...text];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

/** The tokens of a message's content, each once. */
export function contentTokens(content: string): Set<string> {
  const tokens = new Set<string>();
  for (const { kind, text } of parts(folded(content))) {
    if (kind === "emoji") tokens.add(text);
    else if (kind === "run") addRun(tokens, text);
    else addWord(tokens, text);
  }
  return tokens;
}

function addRun(tokens: Set<string>, text: string): void {
  let before = "";
  for (const character of text) {
    tokens.add(character);
    if (before !== "") tokens.add(before + character);
    before = character;
  }
}

function addWord(tokens: Set<string>, text: string): void {
  tokens.add(wordToken(text));
  let beginning = "";
  let length = 0;
  for (const character of text) {
    beginning += character;
    if (++length >= beginningMin) tokens.add(`${beginning}~`);
    if (length === beginningMax) return;
  }
}
