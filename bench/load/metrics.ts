/** The samples of a server's `/metrics`, by name and labels as they stand there; none where there is no such page. */
export async function readMetrics(url: string): Promise<Map<string, number>> {
  const response = await fetch(new URL("/metrics", url));
  if (!response.ok) return new Map();
  const samples = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line): [string, number] => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Sockets that the server has closed, by close code. */
export function closedSockets(samples: Samples): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, count] of samples) {
    const code = /^parley_sockets_closed_total\{code="(\d+)"\}$/.exec(name)?.[1];
    if (code !== undefined && count > 0) found[code] = count;
  }
  return found;
}

type Samples = ReadonlyMap<string, number>;

/** The mean of a histogram between two readings; `undefined` when it counted nothing. */
export function meanBetween(before: Samples, after: Samples, histogram: string): number | undefined {
  const grown = (suffix: string) => (after.get(histogram + suffix) ?? 0) - (before.get(histogram + suffix) ?? 0);
  const count = grown("_count");
  return count > 0 ? grown("_sum") / count : undefined;
}
