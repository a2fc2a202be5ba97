/** A stretch of a text: from `start` up to, but without, `end`. */
export interface Range {
  start: number;
  end: number;
}

const fence = /^[\s>]*(`{3,}|~{3,})(.*)$/;

/** What is code in a message, by markdown's rules: fenced blocks, and spans between runs of as many backticks. */
export function codeRanges(text: string): Range[] {
  const ranges: Range[] = [];
  let paragraphAt = 0;
  let open: { mark: string; at: number } | undefined;
  const endParagraph = (at: number) => ranges.push(...codeSpans(text, paragraphAt, at));
  for (let at = 0; at <= text.length;) {
    const next = text.indexOf("\n", at);
    const end = next === -1 ? text.length : next;
    const line = text.slice(at, end);
    const [, mark = "", rest = ""] = fence.exec(line) ?? [];
    if (open) {
      // As long as the one that opened it, of the same kind, and nothing behind it.
      if (mark.startsWith(open.mark) && rest.trim() === "") {
        ranges.push({ start: open.at, end });
        open = undefined;
        paragraphAt = end;
      }
    } else if (mark !== "" && !(mark.startsWith("`") && rest.includes("`"))) {
      endParagraph(at);
      open = { mark, at };
    } else if (line.trim() === "") {
      endParagraph(at);
      paragraphAt = end;
    }
    at = end + 1;
  }
  if (open) ranges.push({ start: open.at, end: text.length });
  else endParagraph(text.length);
  return ranges;
}

/** One walk forward, whatever was typed: each run of backticks asks for the next one of its length. */
function codeSpans(text: string, from: number, to: number): Range[] {
  if (from >= to) return [];
  const part = text.slice(from, to);
  const byLength = new Map<number, number[]>();
  for (const { 0: run, index } of part.matchAll(/`+/g)) {
    const known = byLength.get(run.length);
    if (known) known.push(index);
    else byLength.set(run.length, [index]);
  }
  const spans: Range[] = [];
  const passed = new Map<number, number>();
  const opening = /\\[\s\S]|`+/g;
  for (let match = opening.exec(part); match; match = opening.exec(part)) {
    const [run] = match;
    if (run.startsWith("\\")) continue;
    const places = byLength.get(run.length) ?? [];
    let place = passed.get(run.length) ?? 0;
    while ((places[place] ?? Infinity) <= match.index) place++;
    passed.set(run.length, place);
    const closing = places[place];
    if (closing === undefined) continue;
    spans.push({ start: from + match.index, end: from + closing + run.length });
    opening.lastIndex = closing + run.length;
  }
  return spans;
}
