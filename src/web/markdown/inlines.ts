import { bracketedAddressAt, destinationAt, mailAddressAt, misleads, webAddressAt } from "./links.ts";
import { type Inline, textOf } from "./nodes.ts";

/** Whatever is open at once: beyond it signs are text. It bounds the work for each sign, and the depth of the tree. */
const openMax = 24;

/** Something that was opened and may be closed: `*`, `_`, `~~` or `[`; `""` is the whole. */
interface Open {
  readonly sign: string;
  /** How many signs stood there, and how many of them are not closed yet. */
  readonly count: number;
  left: number;
  /** Whether the signs could have closed something as well. */
  readonly both: boolean;
  /** A bracket that can no longer begin a link. */
  dead: boolean;
  children: Inline[];
}

const special = /[\\`*_~[\]<@]|https?:\/\//giu;
const escapable = /[\\`*_~[\]()<>#+.!@|{}-]/;
const person = /@[\w.-]+/y;
const wordBefore = /[\p{L}\p{N}_]$/u;
/** Scripts that put no spaces between words: signs count as standing at a word's edge there. */
const unspaced =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\u3000-\u303f\uff00-\uffef\u2018-\u201d\u2026\u2014]/u;

/** The text of one paragraph, taken apart in one pass: no sign is looked at again, whatever stands there. */
export function parseInlines(source: string): Inline[] {
  const stack: Open[] = [opened("", 0, false)];
  const ticks = backtickRuns(source);
  let index = 0;

  const top = () => stack.at(-1) ?? stack[0]!;
  const push = (node: Inline) => append(top().children, node);
  const text = (value: string) => value !== "" && push({ kind: "text", text: value });

  /** What stays open when something around it ends was text all along. */
  function flattenTo(height: number): void {
    while (stack.length > height) {
      const open = stack.pop();
      if (!open) return;
      text(open.sign.repeat(open.left));
      for (const child of open.children) push(child);
    }
  }

  function closeBracket(): void {
    const at = stack.findLastIndex(({ sign }) => sign === "[");
    const bracket = stack[at];
    if (!bracket) return void text("]");
    const to = bracket.dead ? null : destinationAt(source, index);
    if (to === null) {
      if (at === stack.length - 1) flattenTo(at);
      else bracket.dead = true;
      return void text("]");
    }
    flattenTo(at + 1);
    const children = withoutLinks(bracket.children);
    const said = textOf(children);
    if (said.trim() === "" || misleads(said, to.href)) {
      flattenTo(at);
      return void text("]");
    }
    stack.pop();
    for (const outer of stack) outer.dead = true;
    push({ kind: "link", href: to.href, children });
    index += to.length;
  }

  function sign(character: string): void {
    let end = index;
    while (source[end] === character) end++;
    const { opens, closes } = flanking(source, index - 1, end, character);
    const count = end - index + 1;
    let left = count;
    index = end;
    if (character === "~" && count !== 2) return void text(character.repeat(count));
    while (closes && left > 0) {
      const at = stack.findLastIndex(
        (open) => open.sign === character && !isOddMatch(open, { count, both: opens && closes }),
      );
      const open = stack[at];
      if (!open) break;
      flattenTo(at + 1);
      const used = left >= 2 && open.left >= 2 ? 2 : 1;
      const kind = character === "~" ? "del" : used === 2 ? "strong" : "em";
      left -= used;
      open.left -= used;
      const node: Inline = { kind, children: open.children };
      open.children = [node];
      if (open.left > 0) continue;
      stack.pop();
      push(node);
    }
    if (left === 0) return;
    if (opens && stack.length < openMax) stack.push(opened(character, left, closes));
    else text(character.repeat(left));
  }

  while (index < source.length) {
    special.lastIndex = index;
    const match = special.exec(source);
    text(source.slice(index, match?.index));
    if (match === null) break;
    index = match.index;
    const character = match[0].length > 1 ? "h" : match[0];
    if (character === "h") {
      const { length, href } = webAddressAt(source, index) ?? { length: 0, href: null };
      const end = index + Math.max(length, match[0].length);
      if (href === null) text(source.slice(index, end));
      else link(push, source.slice(index, end), href);
      index = end;
      continue;
    }
    index++;
    if (character === "\\") {
      const next = source[index] ?? "";
      const escapes = escapable.test(next);
      text(escapes ? next : "\\");
      if (escapes) index++;
    } else if (character === "`") {
      index = code(source, index - 1, ticks, push);
    } else if (character === "@") {
      index = atSign(source, index - 1, top().children, push);
    } else if (character === "<") {
      const address = bracketedAddressAt(source, index - 1);
      if (address === null) text("<");
      else link(push, address.text.replace(/^mailto:/i, ""), address.href);
      index += (address?.length ?? 1) - 1;
    } else if (character === "[") {
      if (stack.length < openMax) stack.push(opened("[", 1, false));
      else text("[");
    } else if (character === "]") {
      closeBracket();
    } else {
      sign(character);
    }
  }
  flattenTo(1);
  return top().children;
}

function opened(sign: string, count: number, both: boolean): Open {
  return { sign, count, left: count, both, dead: false, children: [] };
}

function append(nodes: Inline[], node: Inline): void {
  const last = nodes.at(-1);
  if (last?.kind === "text" && node.kind === "text") {
    nodes[nodes.length - 1] = { kind: "text", text: last.text + node.text };
  } else nodes.push(node);
}

function link(push: (node: Inline) => void, text: string, href: string): void {
  push({ kind: "link", href, children: [{ kind: "text", text }] });
}

function withoutLinks(children: readonly Inline[]): Inline[] {
  const plain: Inline[] = [];
  for (const child of children) {
    if (child.kind === "link") for (const inner of withoutLinks(child.children)) append(plain, inner);
    else append(plain, "children" in child ? { ...child, children: withoutLinks(child.children) } : child);
  }
  return plain;
}

/** Where runs of backticks begin, by their length. */
function backtickRuns(source: string): ReadonlyMap<number, number[]> {
  const runs = new Map<number, number[]>();
  for (const {
    0: { length },
    index,
  } of source.matchAll(/`+/g)) {
    const places = runs.get(length);
    if (places) places.push(index);
    else runs.set(length, [index]);
  }
  for (const places of runs.values()) places.reverse();
  return runs;
}

/** Takes the code that begins with the backticks at `index`, or the backticks as text; gives where it ends. */
function code(
  source: string,
  index: number,
  runs: ReadonlyMap<number, number[]>,
  push: (node: Inline) => void,
): number {
  let begin = index;
  while (source[begin] === "`") begin++;
  const length = begin - index;
  const places = runs.get(length) ?? [];
  // Each place is passed once, so all backticks together cost no more than one look at the text.
  while (places.length > 0 && (places.at(-1) ?? 0) < begin) places.pop();
  const end = places.at(-1);
  if (end === undefined) {
    push({ kind: "text", text: source.slice(index, begin) });
    return begin;
  }
  const inside = source.slice(begin, end);
  const isPadded = /^ .* $/s.test(inside) && inside.trim() !== "";
  push({ kind: "code", text: isPadded ? inside.slice(1, -1) : inside });
  return end + length;
}

/** A mail address, or somebody's name, whose signs are none; gives where it ends. */
function atSign(source: string, index: number, before: Inline[], push: (node: Inline) => void): number {
  const mail = mailAddressAt(source, index);
  const last = before.at(-1);
  // The name is taken out of the text before, where it stands in one piece.
  if (mail !== null && last?.kind === "text" && last.text.endsWith(source.slice(index - mail.nameLength, index))) {
    const begin = index - mail.nameLength;
    const rest = last.text.slice(0, -mail.nameLength);
    if (rest === "") before.pop();
    else before[before.length - 1] = { kind: "text", text: rest };
    link(push, source.slice(begin, begin + mail.length), mail.href);
    return begin + mail.length;
  }
  person.lastIndex = index;
  const name = wordBefore.test(source.slice(Math.max(0, index - 2), index)) ? undefined : person.exec(source)?.[0];
  push({ kind: "text", text: name ?? "@" });
  return index + (name ?? "@").length;
}

/** CommonMark's rule of three: signs that can both open and close go together only in fitting numbers. */
function isOddMatch(open: Open, close: { count: number; both: boolean }): boolean {
  if (open.sign === "~" || !(open.both || close.both)) return false;
  return (open.count + close.count) % 3 === 0 && (open.count % 3 !== 0 || close.count % 3 !== 0);
}

/**
 * Whether signs may open or close, by what stands on both sides (CommonMark, left- and right-flanking). Beside signs of
 * scripts without spaces a mark of punctuation does not stand in the way: **「粗體」**文字 is bold.
 */
function flanking(source: string, begin: number, end: number, sign: string): { opens: boolean; closes: boolean } {
  const before = characterBefore(source, begin);
  const after = String.fromCodePoint(source.codePointAt(end) ?? 0x20);
  if (/\d/.test(before) && /\d/.test(after)) return { opens: false, closes: false }; // 2*3*4
  const isEdge = (character: string) => /[\s\p{P}\p{S}]/u.test(character);
  const isMark = (character: string) => /[\p{P}\p{S}]/u.test(character);
  const left = !/\s/.test(after) && (!isMark(after) || isEdge(before) || unspaced.test(before));
  const right = !/\s/.test(before) && (!isMark(before) || isEdge(after) || unspaced.test(after));
  if (sign !== "_") return { opens: left, closes: right };
  return { opens: left && (!right || isMark(before)), closes: right && (!left || isMark(after)) };
}

function characterBefore(source: string, index: number): string {
  if (index <= 0) return " ";
  const low = source.charCodeAt(index - 1);
  const isPair = low >= 0xdc00 && low <= 0xdfff && index > 1;
  return source.slice(isPair ? index - 2 : index - 1, index);
}
