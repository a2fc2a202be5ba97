/** How long a test waits for what must come, before it says what came instead. */
export const patienceMs = 10_000;

/** Rejects with `what()` when `promise` takes longer than `ms`: a bound, so that a failing test names its reason. */
export function within<T>(promise: Promise<T>, what: () => string, ms: number = patienceMs): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what()} (waited ${ms} ms)`)), ms);
  return Promise.race([promise, tooLate]).finally(() => clearTimeout(timer));
}

/** Asks `question` again after each turn of the event loop until it gives something; for states without an event. */
export async function until<T>(
  question: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  ms: number = patienceMs,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`${what} did not come true (waited ${ms} ms)`);
    await Bun.sleep(5);
  }
}
