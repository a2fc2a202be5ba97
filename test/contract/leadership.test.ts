import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { Jobs } from "../../src/server/platform/jobs/jobs.ts";
import { alwaysLeads, PostgresLeadership } from "../../src/server/platform/jobs/leadership.ts";
import { named } from "../../src/server/platform/log.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
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
    // Makes the tables.
    await (await openDatabase(database.url, named("test"))).close();
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

  function node(more: Partial<typeof timing> = {}, url = database.url): PostgresLeadership {
    const made = new PostgresLeadership(url, { log: named("test"), metrics: createMetrics() }, { ...timing, ...more });
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
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'parley leadership %'`;
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

  test("is nobody's while a node may count on a session that has ended without its hearing of it", async () => {
    const proxy = await ChaosProxy.before(database.url);
    const unaware = node({}, proxy.through(database.url));
    expect(await unaware.isMine()).toBe(true);
    const other = node();
    proxy.silence();
    await sql`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`;
    await until(async () => {
      expect(await holders()).toBeLessThan(2);
      return other.isMine();
    }, "the other node's turn");
    // And whose session it was comes back behind the other.
    proxy.cut();
    proxy.restore();
    await until(async () => {
      expect(await holders()).toBe(1);
      const asking = await sql`SELECT FROM pg_stat_activity WHERE application_name LIKE 'parley leadership %'`;
      return asking.length === 2;
    }, "a new session");
    await other.stop();
    await until(() => unaware.isMine(), "its turn again");
    await unaware.stop();
    await proxy.stop();
  });

  test("is at once the next node's when it was laid down, and later when its node was killed", async () => {
    const first = node();
    expect(await first.isMine()).toBe(true);
    await first.stop();
    expect(await node().isMine()).toBe(true);
    await sql`UPDATE settings SET value = 'a node that was killed' WHERE name = 'leader'`;
    await nodes.pop()?.stop();
    const next = node();
    expect(await next.isMine()).toBe(false);
    await until(() => next.isMine(), "its turn");
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
