import type { HighlightPart } from "../../protocol/models.ts";
import { foldedWithPlaces } from "./fold.ts";
import type { Term } from "./query.ts";
import { parts, type Part } from "./words.ts";

/** UTF-16 units: before the first find, which a list of two or three narrow lines shall show, and in all. */
const leadMax = 60;
const leadUnits = 40;
const excerptUnits = 200;

interface Range {
  from: number;
  to: number;
}

/**
 * An excerpt of `content` with what was found marked, or `undefined` when a term is missing: pairs of characters do not
 * make a run, and cut tokens no word.
 */
export function highlight(content: string, terms: readonly Term[]): HighlightPart[] | undefined {
  const { text, starts, ends } = foldedWithPlaces(content);
  const found = parts(text);
  const ranges: Range[] = [];
  for (const term of terms) {
    const places = found.flatMap((part) => placesIn(part, term));
    if (places.length === 0) return undefined;
    for (const { from, to } of places) ranges.push({ from: starts[from] ?? 0, to: ends[to - 1] ?? content.length });
  }
  return excerpt(content, merged(ranges));
}

function placesIn({ kind, text, at }: Part, term: Term): Range[] {
  const length = term.text.length;
  if (term.kind === "beginning") {
    return kind === "word" && text.startsWith(term.text) ? [{ from: at, to: at + length }] : [];
  }
  if (kind !== term.kind) return [];
  if (kind !== "run") return text === term.text ? [{ from: at, to: at + length }] : [];
  const places: Range[] = [];
  for (let index = text.indexOf(term.text); index !== -1; index = text.indexOf(term.text, index + length)) {
    places.push({ from: at + index, to: at + index + length });
  }
  return places;
}

function merged(ranges: Range[]): Range[] {
  const out: Range[] = [];
  for (const range of ranges.sort((a, b) => a.from - b.from)) {
    const before = out.at(-1);
    if (before && range.from <= before.to) before.to = Math.max(before.to, range.to);
    else out.push({ ...range });
  }
  return out;
}

function excerpt(content: string, ranges: readonly Range[]): HighlightPart[] {
  const first = ranges[0]?.from ?? 0;
  const begin = first <= leadMax ? 0 : wordBegin(content, first - leadUnits, first);
  const end = boundary(content, Math.min(content.length, begin + excerptUnits));
  const out: HighlightPart[] = [];
  const add = (text: string, is_match: boolean) => {
    if (text !== "") out.push({ text, is_match });
  };
  let at = begin;
  for (const { from, to } of ranges) {
    if (from >= end) break;
    add(`${at === begin && begin > 0 ? "…" : ""}${content.slice(at, from)}`, false);
    add(content.slice(from, Math.min(to, end)), true);
    at = Math.min(to, end);
  }
  add(`${content.slice(at, end)}${end < content.length ? "…" : ""}`, false);
  return out;
}

/** Where a word begins soon after `at`; a text without spaces begins anywhere. */
function wordBegin(content: string, at: number, before: number): number {
  const space = content.slice(at, (at + before) / 2).search(/\s/);
  return space === -1 ? boundary(content, at) : at + space + 1;
}

/** `at`, or one less when it would part a surrogate pair. */
function boundary(content: string, at: number): number {
  const code = content.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
