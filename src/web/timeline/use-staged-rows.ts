import { useEffect, useState } from "react";
import { changeOf, type Row } from "./rows.ts";

interface Staged {
  readonly rows: readonly Row[];
  /** Whether rows were put in front: the view then keeps its distance from the end. */
  readonly shift: boolean;
  /** Rises when the window was replaced by another: what was measured is worthless then. */
  readonly generation: number;
}

/**
 * The rows, handed to the virtual list so that it can keep its place: it must know about every change whether it was in
 * front or not, so rows that came at both ends at once are given one end after the other.
 */
export function useStagedRows(rows: readonly Row[]): Staged {
  const [held, setHeld] = useState({ wanted: rows, rows, shift: false, generation: 0 });
  const isSettled = held.rows === held.wanted;

  if (held.wanted !== rows) {
    const change = changeOf(held.rows, rows);
    const last = held.rows.at(-1)?.key;
    const shift = change === "prepended" || change === "both";
    const front = change === "both" ? rows.slice(0, rows.findIndex(({ key }) => key === last) + 1) : rows;
    setHeld({
      wanted: rows,
      rows: front.length > 0 ? front : rows,
      shift,
      generation: change === "replaced" ? held.generation + 1 : held.generation,
    });
  }

  useEffect(() => {
    if (!isSettled) setHeld((before) => ({ ...before, rows: before.wanted, shift: false }));
  }, [isSettled]);

  return held;
}
