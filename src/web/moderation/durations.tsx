import type { Dictionary } from "../i18n/en.ts";
import { useText } from "../i18n/use-text.ts";
import { Choice } from "../ui/field.tsx";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** How long something may last, in seconds; `forever` until somebody ends it. */
const lengths = {
  tenMinutes: 10 * minute,
  hour,
  day,
  week: 7 * day,
  forever: null,
} as const;
export type Duration = keyof typeof lengths;
const durations = Object.keys(lengths) as Duration[];

/** What lasts for ever ends then, where the server must be given an end. */
const endOfTime = "9999-12-31T23:59:59.000Z";

/** The end of what begins now; null: none. */
export function endOf(duration: Duration): string | null {
  const seconds = lengths[duration];
  return seconds === null ? null : new Date(Date.now() + seconds * 1_000).toISOString();
}

/** {@link endOf} where there must be one. */
export function certainEndOf(duration: Duration): string {
  return endOf(duration) ?? endOfTime;
}

interface DurationChoiceProps {
  label: string;
  value: Duration;
  onChange(value: Duration): void;
}

export function DurationChoice({ label, value, onChange }: DurationChoiceProps) {
  const text = useText();
  return (
    <Choice
      label={label}
      name="duration"
      value={value}
      options={durations.map((duration) => ({ value: duration, label: text.moderation.durations[duration] }))}
      onChange={onChange}
    />
  );
}

const slowModes = [5, 10, 30, minute, 5 * minute, 15 * minute, hour];

/** What a room's slow mode may be set to; what it is set to is among them, wherever it was set. */
export function slowModeOptions(present: number): number[] {
  return [...new Set([0, ...slowModes, present])].sort((a, b) => a - b);
}

export function slowModeText(seconds: number, text: Dictionary): string {
  if (seconds === 0) return text.moderation.slowOff;
  if (seconds % hour === 0) return text.moderation.hours(seconds / hour);
  return seconds % minute === 0 ? text.moderation.minutes(seconds / minute) : text.moderation.seconds(seconds);
}
