import { type ReactNode, useRef } from "react";
import { useText } from "../i18n/use-text.ts";

/** `YYYY-MM-DD` of the calendar of this place. */
function dayOf(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The browser's own calendar; `children` is given what opens it. */
export function useDayPicker(onPick: (midnight: Date) => void): { open(): void; field: ReactNode } {
  const text = useText();
  const input = useRef<HTMLInputElement>(null);
  return {
    open: () => input.current?.showPicker(),
    field: (
      <input
        ref={input}
        type="date"
        className="day-field"
        tabIndex={-1}
        aria-label={text.timeline.goToDay}
        max={dayOf(new Date())}
        onChange={({ target }) => target.value !== "" && onPick(new Date(`${target.value}T00:00:00`))}
      />
    ),
  };
}
