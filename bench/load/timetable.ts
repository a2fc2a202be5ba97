/** When each message of an open loop is due. */
export interface Timetable {
  /** How many are due until then (milliseconds since the beginning). */
  dueBy(ms: number): number;
  /** When the message with this index is due. */
  at(index: number): number;
}

/** Phases that follow each other; the last one has no end. */
export function timetable(phases: readonly { perSecond: number; seconds: number }[]): Timetable {
  let [beginMs, first] = [0, 0];
  const parts = phases.map(({ perSecond, seconds }) => {
    const part = { beginMs, first, everyMs: 1_000 / perSecond };
    beginMs += seconds * 1_000;
    first += Math.floor(seconds * perSecond);
    return part;
  });
  const none = { beginMs: 0, first: 0, everyMs: Infinity };
  return {
    dueBy(ms) {
      const index = parts.findLastIndex((part) => part.beginMs <= ms);
      const { beginMs, first, everyMs } = parts[index] ?? none;
      const due = first + Math.floor((ms - beginMs) / everyMs);
      // A phase gives no more than its share, however its length divides.
      return Math.min(due, parts[index + 1]?.first ?? Infinity);
    },
    at(index) {
      const { beginMs, first, everyMs } = parts.findLast((part) => part.first <= index) ?? none;
      return beginMs + (index - first) * everyMs;
    },
  };
}
