import { parseInlines } from "./inlines.ts";
import type { Block, Inline } from "./nodes.ts";

/** Quotes and lists inside of each other; deeper ones are text. */
const depthMax = 6;

const fence = /^ {0,3}(`{3,}|~{3,}(?!~))[^`]*$/;
/** People write ">_<" too: a quote has a space behind its signs. */
const quoted = /^ {0,3}>(?=>*(?:[ \t]|$))[ \t]?/;
const listItem = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|\t)(?=\S)/;
const blank = /^\s*$/;

/** Lines taken apart into blocks. Each line is looked at once for every block around it. */
export function parseBlocks(lines: readonly string[], depth = 0): Block[] {
  const blocks: Block[] = [];
  let text: string[] = [];
  const endText = () => {
    const children = parseText(text);
    if (children.length > 0) blocks.push({ kind: "text", children });
    text = [];
  };
  for (let index = 0; index < lines.length;) {
    const found =
      depth < depthMax ? blockAt(lines, index, depth, text.length > 0 && !blank.test(text.at(-1) ?? "")) : null;
    if (found === null) {
      text.push(lines[index] ?? "");
      index++;
      continue;
    }
    endText();
    blocks.push(found.block);
    index = found.end;
  }
  endText();
  return blocks;
}

interface Found {
  readonly block: Block;
  /** The line behind it. */
  readonly end: number;
}

function blockAt(lines: readonly string[], index: number, depth: number, inText: boolean): Found | null {
  const line = lines[index] ?? "";
  // Most lines begin with none of these.
  if (!/^ {0,3}[`~>*+\d-]/.test(line)) return null;
  return codeAt(lines, index) ?? quoteAt(lines, index, depth) ?? listAt(lines, index, depth, inText);
}

function codeAt(lines: readonly string[], index: number): Found | null {
  const signs = fence.exec(lines[index] ?? "")?.[1];
  if (signs === undefined) return null;
  const closing = new RegExp(`^ {0,3}${signs[0]}{${signs.length},}\\s*$`);
  let end = index + 1;
  while (end < lines.length && !closing.test(lines[end] ?? "")) end++;
  const isEmpty = end === index + 1;
  if (isEmpty) return null;
  return { block: { kind: "code", text: lines.slice(index + 1, end).join("\n") }, end: end + 1 };
}

function quoteAt(lines: readonly string[], index: number, depth: number): Found | null {
  if (!quoted.test(lines[index] ?? "")) return null;
  const inside: string[] = [];
  let end = index;
  // A line without the sign is the answer, not a part of the quotation.
  for (; end < lines.length && quoted.test(lines[end] ?? ""); end++)
    inside.push((lines[end] ?? "").replace(quoted, ""));
  const children = parseBlocks(inside, depth + 1);
  const isEmpty = children.length === 0;
  const asWritten = [{ kind: "text" as const, text: lines.slice(index, end).join("\n") }];
  return { block: isEmpty ? { kind: "text", children: asWritten } : { kind: "quote", children }, end };
}

function listAt(lines: readonly string[], index: number, depth: number, inText: boolean): Found | null {
  const first = listItem.exec(lines[index] ?? "");
  const marker = first?.[2];
  if (marker === undefined) return null;
  const start = Number.parseInt(marker, 10);
  const isNumbered = !Number.isNaN(start);
  // In the middle of a sentence "1986. A good year" is none.
  if (inText && isNumbered && start !== 1) return null;
  const items: Block[][] = [];
  let end = index;
  while (end < lines.length) {
    const item = listItem.exec(lines[end] ?? "");
    const isSame = item?.[2] !== undefined && item[2].at(-1) === marker.at(-1);
    if (!item || !isSame) break;
    const width = item[0].length;
    const inside = [(lines[end] ?? "").slice(width)];
    for (end++; end < lines.length; end++) {
      const line = lines[end] ?? "";
      const indent = /^[ \t]*/.exec(line)?.[0].length ?? 0;
      const next = lines[end + 1] ?? "";
      const goesOn = blank.test(line) ? /^(?: {2}|\t)/.test(next) : indent >= 2 || line.startsWith("\t");
      if (!goesOn) break;
      inside.push(line.slice(Math.min(indent, width)));
    }
    items.push(parseBlocks(inside, depth + 1));
    // One empty line between two items is still one list.
    if (blank.test(lines[end] ?? "x") && listItem.exec(lines[end + 1] ?? "")?.[2]?.at(-1) === marker.at(-1)) end++;
  }
  return { block: { kind: "list", start: isNumbered ? start : null, items }, end };
}

/** Lines of text with the empty ones between them, as they were written; signs go no further than their paragraph. */
function parseText(lines: readonly string[]): Inline[] {
  let from = 0;
  let to = lines.length;
  while (from < to && blank.test(lines[from] ?? "")) from++;
  while (to > from && blank.test(lines[to - 1] ?? "")) to--;
  const pieces = lines
    .slice(from, to)
    .join("\n")
    .split(/(\n\s*\n)/);
  return pieces.flatMap((piece, index) =>
    index % 2 === 1 ? [{ kind: "text" as const, text: piece }] : parseInlines(piece),
  );
}
