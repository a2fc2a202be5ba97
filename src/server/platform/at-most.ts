/**
 * Waits for `work`, for `ms` at most; gives whether it was done by then. By the real clock, which goes on also where a
 * test holds the server's.
 */
export async function atMost(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}
