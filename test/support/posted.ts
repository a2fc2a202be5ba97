/** A batch that was handed to a database which answers when the test says so. */
interface Posted {
  jobs: string[];
  commit: () => void;
  fail: (error: Error) => void;
}

/** A `commit` for lanes, and what came to it. */
export function postedBatches() {
  const posted: Posted[] = [];
  const arrivals: (() => void)[] = [];
  const commit = (jobs: string[]) =>
    new Promise<string[]>((resolve, reject) => {
      posted.push({ jobs, commit: () => resolve(jobs.map((job) => `${job} stored`)), fail: reject });
      for (const arrived of arrivals.splice(0)) arrived();
    });
  /** The batch number `index`, once it has been handed to the database. */
  async function batch(index: number): Promise<Posted> {
    for (;;) {
      const found = posted[index];
      if (found) return found;
      await new Promise<void>((resolve) => arrivals.push(resolve));
    }
  }
  return { commit, posted, batch };
}
