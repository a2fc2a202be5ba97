/** Tries in quick succession before the slow ones begin. */
export const quickTries = 5;
const firstDelayMs = 500;
const slowDelayMs = 30_000;

/**
 * How long to wait before try number `attempt` (1 is the first after a connection was lost): doubling from half a second,
 * after five tries half a minute; always between half and whole of that, so that a crowd does not come back as one.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const longest = attempt > quickTries ? slowDelayMs : firstDelayMs * 2 ** (attempt - 1);
  return Math.round(longest * (0.5 + random / 2));
}
