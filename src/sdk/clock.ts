/** Time and chance, injected so that tests own both. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Runs `run` once after `ms`; the returned function calls it off. */
  after(ms: number, run: () => void): () => void;
}

/** Longest delay that `setTimeout` keeps; beyond it, it would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  after(ms, run) {
    const step = Math.min(Math.max(0, ms), longestTimerMs);
    let callOff = () => clearTimeout(timer);
    const timer = setTimeout(() => {
      if (ms <= longestTimerMs) run();
      else callOff = systemClock.after(ms - step, run);
    }, step);
    return () => callOff();
  },
};
