import { type RefObject, useRef } from "react";

interface Pin {
  readonly row: Element;
  /** Below the upper edge of the view. */
  readonly y: number;
}

/** Where one was told to scroll, the pin is set only when that has ended. */
const movingMs = 300;
const tolerancePx = 0.5;

/**
 * Holds what one reads in its place. The virtual list keeps the distance from the end while older rows are put in front;
 * rows below the view that are measured only then would move what is in it.
 */
export function usePin(scroller: RefObject<HTMLElement | null>) {
  const pin = useRef<Pin | null>(null);
  const freeUntil = useRef(0);

  const topOf = (row: Element, view: Element) => row.getBoundingClientRect().top - view.getBoundingClientRect().top;

  return {
    /** Remembers where the first row is that begins in the view. */
    set() {
      const view = scroller.current;
      if (!view || performance.now() < freeUntil.current) return;
      const held = pin.current;
      const height = view.clientHeight;
      const isInView = (y: number) => y >= 0 && y < height;
      const y = held?.row.isConnected ? topOf(held.row, view) : Number.NaN;
      if (held && isInView(y)) {
        pin.current = { row: held.row, y };
        return;
      }
      const row = [...view.querySelectorAll(".row")].find((other) => isInView(topOf(other, view)));
      pin.current = row ? { row, y: topOf(row, view) } : null;
    },
    /** Moves the view back by what the pinned row has been moved since. */
    hold() {
      const view = scroller.current;
      const held = pin.current;
      if (!view || !held?.row.isConnected || performance.now() < freeUntil.current) return;
      const moved = topOf(held.row, view) - held.y;
      if (Math.abs(moved) > tolerancePx) view.scrollTop += moved;
    },
    /** The view is about to go elsewhere. */
    release() {
      pin.current = null;
      freeUntil.current = performance.now() + movingMs;
    },
  };
}
