import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { Jobs } from "../../src/server/platform/jobs/jobs.ts";
import { alwaysLeads, PostgresLeadership } from "../../src/server/platform/jobs/leadership.ts";
import { named } from "../../src/server/platform/log.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { ManualClock } from "../support/clock.ts";
import { until } from "../support/deferred.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";

const timing = { renewEveryMs: 50, heldForMs: 400, lostAfterMs: 1_000 };

describe.skipIf(postgresLack !== undefined)("what is done once for all nodes", () => {
  let database: TestDatabase;
  let sql: postgres.Sql;
  let nodes: PostgresLeadership[] = [];
  beforeAll(async () => {
    database = await freshPostgres();
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    nodes = [];
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  function node(more: Partial<typeof timing> = {}): PostgresLeadership {
    const made = new PostgresLeadership(
      database.url,
      { log: named("test"), metrics: createMetrics() },
      { ...timing, ...more },
    );
    nodes.push(made);
    made.start();
    return made;
  }

  const holders = async () => {
    const held = await Promise.all(nodes.map((each) => each.isMine()));
    return held.filter(Boolean).length;
  };

  test("is one node's, known from its first question on, and another's as soon as that one ends", async () => {
    const [one, two] = [node(), node()];
    const first = (await one.isMine()) ? one : two;
    expect(await holders()).toBe(1);
    await first.stop();
    expect(await first.isMine()).toBe(false);
    await until(async () => (await holders()) === 1, "the other node's turn");
  });

  test("is nobody's for two when the connection of whoever has it ends", async () => {
    const one = node();
    expect(await one.isMine()).toBe(true);
    node();
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'parley leadership'`;
    // Whoever is first after that has it, once the other has ceased to count on what it had.
    await until(async () => {
      await Promise.all(nodes.map((each) => each.ask()));
      return (await holders()) === 1;
    }, "one node alone");
  });

  test("is taken from a node that is frozen, which knows so itself before the other has it", async () => {
    // As a frozen one, it never asks again.
    const frozen = node({ renewEveryMs: 3_600_000 });
    expect(await frozen.isMine()).toBe(true);
    const other = node();
    await until(async () => {
      const [had, has] = [await frozen.isMine(), await other.isMine()];
      expect(had && has).toBe(false);
      return has;
    }, "the other node's turn");
  });

  test("runs a job where it is, and nowhere else", async () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const jobs = ["one", "two"].map((name) => {
      const leadership = new PostgresLeadership(database.url, { log: named("test"), metrics: createMetrics() }, timing);
      nodes.push(leadership);
      const made = new Jobs(clock, named("test"), leadership);
      made.every("for each", 1_000, async () => void ran.push(`each ${name}`));
      made.everyOnOneNode("for all", 1_000, async () => void ran.push("all"));
      return made;
    });
    for (let second = 1; second <= 3; second++) {
      clock.advance(1_000);
      await until(() => ran.filter((name) => name === "all").length === second, "the job for all");
    }
    expect(ran.filter((name) => name.startsWith("each"))).toHaveLength(6);
    await Promise.all(jobs.map((each) => each.stop()));
  });
});

test("a node alone does everything itself", async () => {
  const clock = new ManualClock();
  const jobs = new Jobs(clock, named("test"), alwaysLeads(createMetrics()));
  const ran = Promise.withResolvers<void>();
  jobs.everyOnOneNode("for all", 1_000, async () => ran.resolve());
  clock.advance(1_000);
  await ran.promise;
  await jobs.stop();
});
