/** The time and what waits for it; tests inject one that they turn by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once after `ms`; the result cancels it. */
  after(ms: number, task: () => void): () => void;
  /** Runs `task` every `ms`; the result ends it. */
  every(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  every(ms, task) {
    const timer = setInterval(task, ms);
    return () => clearInterval(timer);
  },
};

/** The texts of the last moments, by the lowest bits of their millisecond. */
const recent = Array.from({ length: 256 }, () => ({ ms: NaN, text: "" }));

/** RFC 3339 in UTC with milliseconds, as on the wire. Under load many share their millisecond: its text is made once. */
export function wireTime(ms: number): string {
  const known = recent[ms & 255];
  if (known?.ms === ms) return known.text;
  const text = new Date(ms).toISOString();
  recent[ms & 255] = { ms, text };
  return text;
}

export function wireTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : wireTime(ms);
}
