import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Bus } from "../../src/server/platform/bus/bus.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { loneBus } from "../../src/server/platform/bus/lone-bus.ts";
import type { PostgresDatabase } from "../../src/server/platform/db/database.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { watchNodes } from "../../src/server/platform/db/postgres/nodes.ts";
import { Jobs } from "../../src/server/platform/jobs/jobs.ts";
import { alwaysLeads, PostgresLeadership } from "../../src/server/platform/jobs/leadership.ts";
import { named } from "../../src/server/platform/log.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { ManualClock } from "../support/clock.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";

describe.skipIf(postgresLack !== undefined)(
  postgresLack === undefined ? "nodes on one database" : `skipped: ${postgresLack}`,
  () => {
    const log = named("test");
    let database: TestDatabase;
    let db: PostgresDatabase;
    let leaderships: PostgresLeadership[];

    beforeAll(async () => {
      database = await freshPostgres();
      const opened = await openDatabase(database.url, log);
      if (opened.dialect !== "postgres") throw new Error("this is about Postgres");
      db = opened;
      leaderships = ["one", "two"].map(
        (nodeId) => new PostgresLeadership(database.url, { log, metrics: createMetrics(), nodeId }),
      );
      for (const leadership of leaderships) {
        leadership.start();
        await leadership.isMine();
      }
    });
    afterAll(async () => {
      for (const leadership of leaderships) await leadership.stop();
      await db.close();
      await database.drop();
    });

    /** How many nodes it counts as unheard after each of so many looks. */
    async function lookAround(bus: Bus, times: number): Promise<(number | undefined)[]> {
      const clock = new ManualClock();
      const metrics = createMetrics();
      const jobs = new Jobs(clock, log, alwaysLeads(metrics));
      watchNodes({ db, bus, jobs, metrics, log });
      const counts: (number | undefined)[] = [];
      for (let look = 0; look < times; look++) {
        clock.advance(10_000);
        await jobs.run("nodes", async () => {});
        counts.push((await metrics.nodesUnheard.get()).values[0]?.value);
      }
      await jobs.stop();
      return counts;
    }

    test("that do not hear each other are told so, when it lasts: one was started without a bridge, or with another", async () => {
      expect(await lookAround(loneBus("one"), 4)).toEqual([0, 0, 1, 1]);
      expect(await lookAround(new LocalBroker().join("one"), 3)).toEqual([0, 0, 1]);
    });

    test("that hear each other are left alone, and one that is cut off has been told already", async () => {
      const broker = new LocalBroker();
      const [one] = [broker.join("one"), broker.join("two")];
      expect(await lookAround(one, 4)).toEqual([0, 0, 0, 0]);
      const elsewhere = new LocalBroker();
      const alone = elsewhere.join("one");
      elsewhere.cut("one");
      expect(await lookAround(alone, 4)).toEqual([0, 0, 0, 0]);
    });
  },
);
