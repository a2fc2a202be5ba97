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

/** RFC 3339 in UTC with milliseconds, as on the wire. */
export function wireTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function wireTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : wireTime(ms);
}
