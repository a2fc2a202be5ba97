import type { KeyboardEvent, PointerEvent } from "react";
import { listWidths, setPreference, usePreferences } from "../app/preferences.ts";
import { useText } from "../i18n/use-text.ts";

const bounded = (width: number) => Math.round(Math.min(listWidths.max, Math.max(listWidths.min, width)));
const stepPx = 16;

/** The line between list and conversation: drag it, or move it with the arrow keys. */
export function ListHandle() {
  const text = useText();
  const { listWidth } = usePreferences();

  function drag(event: PointerEvent<HTMLDivElement>) {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const list = event.currentTarget.parentElement;
    if (list) setPreference("listWidth", bounded(event.clientX - list.getBoundingClientRect().left));
  }
  function step(event: KeyboardEvent) {
    const change = event.key === "ArrowLeft" ? -stepPx : event.key === "ArrowRight" ? stepPx : 0;
    if (change === 0) return;
    event.preventDefault();
    setPreference("listWidth", bounded(listWidth + change));
  }

  return (
    <div
      className="list-handle"
      role="separator"
      aria-orientation="vertical"
      aria-label={text.rooms.resize}
      aria-valuenow={listWidth}
      aria-valuemin={listWidths.min}
      aria-valuemax={listWidths.max}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={step}
      onDoubleClick={() => setPreference("listWidth", listWidths.usual)}
    />
  );
}
