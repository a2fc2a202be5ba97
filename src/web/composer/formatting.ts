import type { KeyboardEvent } from "react";

/** The signs that a key sets around what is selected. */
const signs: Readonly<Record<string, string>> = { b: "**", i: "*" };

interface Selected {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** What `from` to `to` of a text is replaced by, and what of it is selected then. */
export interface Replacement extends Selected {
  readonly selectFrom: number;
  readonly selectTo: number;
}

/** Sets signs around the selection without the spaces at its edges, or takes them away where they are. */
export function withSigns({ text, from, to }: Selected, sign: string): Replacement {
  const inside = text.slice(from, to);
  const start = from + (inside.length - inside.trimStart().length);
  const core = inside.trim();
  const end = start + core.length;
  const { length } = sign;
  const isSigned = (at: number, until: number) =>
    text.slice(at, at + length) === sign && text.slice(until, until + length) === sign;
  // One star beside two belongs to the two.
  const isLonger = text[start - length - 1] === "*" || text[end + length] === "*";
  if (start >= length && isSigned(start - length, end) && !isLonger) {
    return { text: core, from: start - length, to: end + length, selectFrom: start - length, selectTo: end - length };
  }
  const at = core === "" ? from : start;
  return {
    text: sign + core + sign,
    from: at,
    to: at + core.length,
    selectFrom: at + length,
    selectTo: at + length + core.length,
  };
}

/** Ctrl+B and Ctrl+I, as everywhere. Whether the key was one of these. */
export function pressFormat(event: KeyboardEvent<HTMLTextAreaElement>): boolean {
  const sign = signs[event.key.toLowerCase()];
  if (sign === undefined || event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey)) return false;
  const area = event.currentTarget;
  const { text, from, to, selectFrom, selectTo } = withSigns(
    { text: area.value, from: area.selectionStart, to: area.selectionEnd },
    sign,
  );
  area.setSelectionRange(from, to);
  // Out of use but for this: nothing else leaves it to Ctrl+Z to take it back.
  document.execCommand("insertText", false, text);
  area.setSelectionRange(selectFrom, selectTo);
  return true;
}
