import { useEffect, useState } from "react";
import { frontOf, type Row } from "./rows.ts";

interface Staged {
  readonly rows: readonly Row[];
  /** Whether rows in front came or went: the view then keeps its distance from the end. */
  readonly shift: boolean;
  /** Rises when the window was replaced by another: what was measured is worthless then. */
  readonly generation: number;
}

/**
 * The rows, handed to the virtual list so that it can keep its place: it must know about every change whether it was in
 * front or not, so a change at both ends is given one end after the other, first the front.
 */
export function useStagedRows(rows: readonly Row[]): Staged {
  const [held, setHeld] = useState({ wanted: rows, rows, shift: false, generation: 0 });
  const isSettled = held.rows === held.wanted;

  if (held.wanted !== rows) {
    const front = frontOf(held.rows, rows);
    const staged = front && [...rows.slice(0, front.added), ...held.rows.slice(front.removed)];
    const isFrontOnly = staged?.length === rows.length && staged.at(-1)?.key === rows.at(-1)?.key;
    const shift = front !== null && (front.added > 0 || front.removed > 0);
    setHeld({
      wanted: rows,
      rows: shift && staged && !isFrontOnly ? staged : rows,
      shift,
      generation: front === null ? held.generation + 1 : held.generation,
    });
  }

  useEffect(() => {
    if (!isSettled) setHeld((before) => ({ ...before, rows: before.wanted, shift: false }));
  }, [isSettled]);

  return held;
}
