import type { Language } from "../../protocol/languages.ts";

export type Format = ReturnType<typeof createFormat>;

const formats = new Map<Language, Format>();

/** Intl's formatters are dear to make: one set for each language. */
export function formatOf(language: Language): Format {
  const held = formats.get(language);
  if (held) return held;
  const made = createFormat(language);
  formats.set(language, made);
  return made;
}

/** Days from `then` to `now` by the calendar of this place, not by 24 hours. */
export function daysBetween(then: Date, now: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(then)) / 86_400_000);
}

function createFormat(language: Language) {
  const time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
  const weekday = new Intl.DateTimeFormat(language, { weekday: "long" });
  const shortWeekday = new Intl.DateTimeFormat(language, { weekday: "short" });
  const dayAndMonth = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "long" });
  const fullDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
  const shortDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "numeric" });
  const shortFullDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "numeric", year: "2-digit" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const number = new Intl.NumberFormat(language);
  const list = new Intl.ListFormat(language, { type: "conjunction" });

  const capital = (text: string) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);

  return {
    number: (value: number) => number.format(value),
    list: (parts: readonly string[]) => list.format(parts),
    time: (date: Date) => time.format(date),
    exact: (date: Date) => exact.format(date),
    date: (date: Date) => fullDay.format(date),

    /** A date line: Today, Yesterday, the weekday within a week, then the date. */
    day(date: Date, now: Date): string {
      const days = daysBetween(date, now);
      if (days === 0 || days === 1) return capital(relative.format(-days, "day"));
      if (days > 1 && days < 7) return capital(weekday.format(date));
      return (date.getFullYear() === now.getFullYear() ? dayAndMonth : fullDay).format(date);
    },

    /** As short as a list allows: the time today, then the day. */
    brief(date: Date, now: Date): string {
      const days = daysBetween(date, now);
      if (days <= 0) return time.format(date);
      if (days === 1) return capital(relative.format(-1, "day"));
      if (days < 7) return shortWeekday.format(date);
      return (date.getFullYear() === now.getFullYear() ? shortDay : shortFullDay).format(date);
    },

    /** A moment to come: the time, with its day unless that is today. */
    until(date: Date, now: Date): string {
      const days = daysBetween(now, date);
      return days === 0
        ? time.format(date)
        : `${(days < 300 ? shortDay : shortFullDay).format(date)} ${time.format(date)}`;
    },

    /** How long ago, in the largest unit that fits: "3 hours ago". */
    ago(date: Date, now: Date): string {
      const seconds = Math.round((date.getTime() - now.getTime()) / 1000);
      const steps = [
        [60, "second"],
        [3_600, "minute"],
        [86_400, "hour"],
        [2_592_000, "day"],
        [31_536_000, "month"],
      ] as const;
      let unitSeconds = 1;
      for (const [limit, unit] of steps) {
        if (Math.abs(seconds) < limit) return relative.format(Math.round(seconds / unitSeconds), unit);
        unitSeconds = limit;
      }
      return relative.format(Math.round(seconds / unitSeconds), "year");
    },
  };
}
