/**
 * How a node's connections, four at least, are shared out. Write lanes divide the 256 locks of rooms among themselves, so that no two of
 * a node wait for each other: hence powers of two.
 */
export function poolSizes(connections: number): { lanes: number; writes: number; reads: number } {
  // One more is held by whoever leads the jobs.
  const all = connections - 1;
  const lanes = all >= 14 ? 4 : all >= 7 ? 2 : 1;
  const writes = Math.max(1, Math.floor((all - lanes) / 2));
  return { lanes, writes, reads: all - lanes - writes };
}
