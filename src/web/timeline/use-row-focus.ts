import { type KeyboardEvent, type RefObject, useLayoutEffect, useState } from "react";
import type { VirtualizerHandle } from "virtua";
import type { Row } from "./rows.ts";
import { endPx } from "./use-place.ts";

interface RowFocusInput {
  rows: readonly Row[];
  list: RefObject<VirtualizerHandle | null>;
  scroller: RefObject<HTMLElement | null>;
  beforeMove(step: -1 | 1): void;
}

const canFocus = (row: Row | undefined) => row?.kind === "message" || row?.kind === "pending" || row?.kind === "system";

/** ↑ and ↓ go from message to message. */
export function useRowFocus({ rows, list, scroller, beforeMove }: RowFocusInput) {
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const activeIndex = activeKey === null ? -1 : rows.findIndex(({ key }) => key === activeKey);

  /** A row that was not measured yet is hidden, and takes no focus: until it is, the list has it. */
  function focusActive() {
    const view = scroller.current;
    if (activeKey === null || !view?.contains(document.activeElement)) return;
    const row = view.querySelector<HTMLElement>(`[data-key="${CSS.escape(activeKey)}"]`);
    row?.focus({ preventScroll: true });
    if (document.activeElement !== row) view.focus({ preventScroll: true });
  }
  useLayoutEffect(focusActive, [activeKey]);

  function move(step: -1 | 1) {
    const handle = list.current;
    if (!handle) return;
    const lowest = handle.findItemIndex(handle.scrollOffset + handle.viewportSize - endPx / 2);
    let index = activeIndex < 0 ? lowest : activeIndex + step;
    while (index in rows && !canFocus(rows[index])) index += step;
    const row = rows[index];
    if (!row) return;
    beforeMove(step);
    // The row that has it now may leave the document with the next rendering.
    scroller.current?.focus({ preventScroll: true });
    handle.scrollToIndex(index, { align: "nearest" });
    setActiveKey(row.key);
  }

  return {
    /** Stays in the document, though it be out of sight. */
    keepMounted: activeIndex < 0 ? [] : [activeIndex],
    /** Rows were measured: one that waits for the focus may take it now. */
    onResize() {
      if (document.activeElement === scroller.current) focusActive();
    },
    onKeyDown(event: KeyboardEvent) {
      const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : null;
      if (step === null || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      move(step);
    },
  };
}
