import type { Jobs } from "../../jobs/jobs.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import type { PostgresDatabase } from "../database.ts";

const lookEveryMs = 60_000;
/** Messages carry the time of the node that took them: from here on people would see them out of order. */
const apartMs = 5_000;

/** How far this machine's clock is ahead of the database's, but for half of the time that asking takes. */
export async function clockAheadMs(db: Pick<PostgresDatabase, "ask">): Promise<number> {
  const askedMs = Date.now();
  const [row] = await db.ask(
    (sql) => sql<{ ms: number }[]>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms`,
  );
  return (askedMs + Date.now()) / 2 - (row?.ms ?? askedMs);
}

/** Looks now and then whether both clocks show the same, and says once in the log when they do not. */
export function watchClock(db: Pick<PostgresDatabase, "ask">, jobs: Jobs, metrics: Metrics, log: Log): void {
  let wereApart = false;
  const look = async () => {
    const aheadMs = await clockAheadMs(db);
    metrics.databaseClock.set(aheadMs / 1_000);
    const areApart = Math.abs(aheadMs) > apartMs;
    if (areApart && !wereApart) {
      const seconds = Math.round(Math.abs(aheadMs) / 1_000);
      const way = aheadMs > 0 ? "ahead of" : "behind";
      log.warn(`this node's clock is ${seconds} s ${way} the database's: set both by NTP`);
    }
    wereApart = areApart;
  };
  jobs.every("clock", lookEveryMs, look);
  void jobs.run("clock", look);
}
