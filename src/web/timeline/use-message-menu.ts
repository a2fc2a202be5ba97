import { type FocusEvent, type KeyboardEvent, type PointerEvent, type SyntheticEvent, useEffect, useRef } from "react";
import type { Message } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { pointedRow, shownMenu } from "./menu-state.ts";
import { actionsFor } from "./message-actions.tsx";
import { actionOf, runAction } from "./message-menu.tsx";
import type { Row } from "./rows.ts";

const longPressMs = 450;
/** A finger that moves further than this scrolls. */
const stillPx = 10;

/** The finger that opened the menu comes up again over it: that chooses nothing, nor follows a link below. */
function swallowClick(): void {
  const done = new AbortController();
  const { signal } = done;
  const swallow = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
    done.abort();
  };
  window.addEventListener("click", swallow, { capture: true, signal });
  window.addEventListener("pointerdown", () => done.abort(), { capture: true, signal });
}

/** Opens what can be done with a message: by pointing at it, by a long press, by the keyboard. */
export function useMessageMenu(room: RoomState, rows: readonly Row[]) {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);

  function endPress() {
    if (press.current) clearTimeout(press.current.timer);
    press.current = null;
  }

  useEffect(() => {
    return () => {
      endPress();
      pointedRow.hover(null);
      pointedRow.focus(null);
    };
  }, []);

  function rowOf(target: EventTarget): HTMLElement | null {
    return target instanceof Element ? target.closest<HTMLElement>(".row") : null;
  }

  function messageIn(row: HTMLElement | null): Message | null {
    const found = row && rows.find(({ key }) => key === row.dataset["key"]);
    return found?.kind === "message" ? found.message : null;
  }

  function boxOf(row: HTMLElement): DOMRect {
    return (row.querySelector(".bubble") ?? row).getBoundingClientRect();
  }

  function open(row: HTMLElement | null): boolean {
    const message = messageIn(row);
    if (!row || !message || actionsFor({ message, room, me: parley.me }).length === 0) return false;
    shownMenu.set({ message, anchor: boxOf(row), view: null });
    return true;
  }

  return {
    /** Whether the key was one of a message that has the focus. */
    onKeyDown(event: KeyboardEvent): boolean {
      const row = rowOf(event.target);
      const message = messageIn(row);
      if (!row || !message) return false;
      if (event.key === "Enter") {
        if (event.target !== row || !open(row)) return false;
      } else {
        const here = { message, room, me: parley.me };
        const action = actionOf(event, actionsFor(here));
        if (!action) return false;
        runAction(action, here, boxOf(row));
      }
      event.preventDefault();
      return true;
    },
    hand: {
      onPointerOver(event: PointerEvent) {
        if (event.pointerType === "mouse") pointedRow.hover(rowOf(event.target)?.dataset["key"] ?? null);
      },
      onPointerLeave() {
        pointedRow.hover(null);
        endPress();
      },
      onPointerDown(event: PointerEvent) {
        endPress();
        if (event.pointerType !== "touch") return;
        const row = rowOf(event.target);
        const timer = setTimeout(() => {
          if (!open(row)) return;
          navigator.vibrate?.(10);
          swallowClick();
        }, longPressMs);
        press.current = { timer, x: event.clientX, y: event.clientY };
      },
      onPointerMove({ clientX, clientY }: PointerEvent) {
        const held = press.current;
        if (held && Math.hypot(clientX - held.x, clientY - held.y) > stillPx) endPress();
      },
      onPointerUp: endPress,
      onPointerCancel: endPress,
      /** The browser's own menu would cover ours. */
      onContextMenu(event: SyntheticEvent) {
        if (press.current) event.preventDefault();
      },
      onFocus(event: FocusEvent) {
        const key = rowOf(event.target)?.dataset["key"] ?? null;
        if (event.target.matches(":focus-visible")) pointedRow.focus(key);
      },
      onBlur(event: FocusEvent) {
        const to = event.relatedTarget;
        if (!(to instanceof Element) || !event.currentTarget.contains(to)) pointedRow.focus(null);
      },
    },
  };
}
