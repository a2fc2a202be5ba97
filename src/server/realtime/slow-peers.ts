import type { Session } from "./session.ts";

/** A peer that has more than this to take, and takes nothing for {@link stuckLooks} looks, is too slow. */
const stuckBytes = 256 * 1024;
const stuckLooks = 10;
/** What all peers together may have yet to take (G7). */
const bufferedBytesMax = 256 * 1024 * 1024;

/**
 * Looks, once a second, at what each peer has yet to take: gives those that are too slow, and how much it is for all.
 * A peer on a slow line that takes something now and then is left alone, unless all together have too much: then those
 * with the most go first.
 */
export function findSlowPeers(sessions: Iterable<Session>): { slow: Session[]; totalBytes: number } {
  const slow: Session[] = [];
  const behind: Session[] = [];
  let totalBytes = 0;
  for (const session of sessions) {
    const bytes = session.transport.getBufferedAmount();
    session.bufferedLooks = bytes > stuckBytes && bytes >= session.bufferedBytes ? session.bufferedLooks + 1 : 0;
    session.bufferedBytes = bytes;
    totalBytes += bytes;
    if (session.bufferedLooks >= stuckLooks) slow.push(session);
    else if (bytes > 0) behind.push(session);
  }
  let tooMany = totalBytes - bufferedBytesMax;
  behind.sort((a, b) => b.bufferedBytes - a.bufferedBytes);
  for (const session of behind) {
    if (tooMany <= 0) break;
    tooMany -= session.bufferedBytes;
    slow.push(session);
  }
  return { slow, totalBytes };
}
