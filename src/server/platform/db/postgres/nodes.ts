import type { Bus } from "../../bus/bus.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { leadershipName } from "../../jobs/leadership.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import type { PostgresDatabase } from "../database.ts";

interface NodesOptions {
  db: Pick<PostgresDatabase, "ask">;
  bus: Bus;
  jobs: Jobs;
  metrics: Pick<Metrics, "nodesUnheard">;
  log: Log;
}

const lookEveryMs = 10_000;
/** A node that has just started is on the database before it is on the bridge. */
const looksMin = 3;

/**
 * Looks now and then who else has sessions on this database, and says once of each that the bridge brings nothing of them:
 * they were started without it, or with another one, and people on the two do not see each other's messages come.
 */
export function watchNodes({ db, bus, jobs, metrics, log }: NodesOptions): void {
  let unheard = new Map<string, number>();
  jobs.every("nodes", lookEveryMs, async () => {
    // Whoever is cut off knows it, and says so.
    if (bus.state === "away") return;
    const rows = await db.ask(
      (sql) => sql<{ name: string }[]>`
        SELECT DISTINCT application_name AS name FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE ${`${leadershipName} %`}`,
    );
    const heard = new Set([bus.nodeId, ...bus.neighbours()]);
    const nodes = rows.map(({ name }) => name.slice(leadershipName.length + 1)).filter((node) => !heard.has(node));
    unheard = new Map(nodes.map((node) => [node, (unheard.get(node) ?? 0) + 1]));
    const lasting = [...unheard].filter(([, looks]) => looks >= looksMin);
    metrics.nodesUnheard.set(lasting.length);
    for (const [node] of lasting.filter(([, looks]) => looks === looksMin)) {
      log.error("another node uses this database, and neither hears the other: give both the same REDIS_URL", { node });
    }
  });
}
