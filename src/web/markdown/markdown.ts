import { parseBlocks } from "./blocks.ts";
import { type Block, plainOf } from "./nodes.ts";

/** A longer text is shown as it was written: nobody formats that much, and all work is bounded. */
const charsMax = 10_000;
/** Parsed texts that are kept: a few screens' worth. */
const keptMax = 1_000;

/** Nothing that could be markup: most of what people write. */
const mayFormat = /[`*_~[\]<\\]|:\/\/|\w@\w|^ {0,3}(?:[-+>]|\d{1,9}[.)])/m;

let recent = new Map<string, readonly Block[]>();
let before = new Map<string, readonly Block[]>();

/**
 * A message as blocks of text: bold, italic, struck out, code, lists, quotes and links, nothing else. What is not markup
 * stays as it was written, HTML too. Linear in the length of the text.
 */
export function markdown(content: string): readonly Block[] {
  if (content.length > charsMax || !mayFormat.test(content)) return [asWritten(content)];
  const known = recent.get(content) ?? before.get(content);
  const blocks = known ?? parseBlocks(content.split("\n"));
  if (!recent.has(content)) {
    recent.set(content, blocks);
    if (recent.size >= keptMax) [before, recent] = [recent, new Map()];
  }
  return blocks;
}

/** The text without its markup, for a line that tells of the message. */
export function withoutMarkup(content: string): string {
  return content.length > charsMax || !mayFormat.test(content) ? content : plainOf(markdown(content));
}

function asWritten(text: string): Block {
  return { kind: "text", children: [{ kind: "text", text }] };
}

const emojiMax = 8;
const onlyEmoji = /^(?:\p{RGI_Emoji}|\s)+$/v;

/** Whether a message is nothing but a few emoji, which are shown larger. */
export function isEmojiOnly(content: string): boolean {
  if (content.length > 100 || !/\S/.test(content) || !onlyEmoji.test(content)) return false;
  return [...content.matchAll(/\p{RGI_Emoji}/gv)].length <= emojiMax;
}
