/** Says what is said, once a minute at most: what comes with every message of another node would fill the log. */
export function seldom<A extends unknown[]>(say: (...args: A) => void, everyMs = 60_000): (...args: A) => void {
  let saidAtMs = -Infinity;
  return (...args) => {
    if (performance.now() - saidAtMs < everyMs) return;
    saidAtMs = performance.now();
    say(...args);
  };
}
