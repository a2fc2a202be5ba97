import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import type { PostgresDatabase } from "../../src/server/platform/db/database.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { until, within } from "../support/deferred.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";

/** What is sent to Postgres is swallowed, and no connection breaks: as behind a firewall that has forgotten them. */
describe.skipIf(postgresLack !== undefined)("a silent network to Postgres", () => {
  let ground: TestDatabase;
  let proxy: ChaosProxy;
  let db: PostgresDatabase;
  /** Not through the proxy. */
  let aside: postgres.Sql;

  beforeAll(async () => {
    ground = await freshPostgres();
    proxy = await ChaosProxy.before(ground.url);
    const opened = await openDatabase(proxy.through(ground.url), named("test"));
    if (opened.dialect !== "postgres") throw new Error("this is no Postgres");
    db = opened;
    aside = postgres(ground.url, { max: 1, onnotice: () => {} });
    await aside`CREATE TABLE notes (text text NOT NULL)`;
    await aside.unsafe(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(CASE NEW.text WHEN 'in doubt' THEN 0.5 ELSE 0 END); RETURN NULL; END $$`);
    await aside`CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION dawdle()`;
  });
  afterAll(async () => {
    proxy.restore();
    await db.close();
    await aside.end();
    await proxy.stop();
    await ground.drop();
  });

  const one = () => db.ask((sql) => sql<{ answer: number }[]>`SELECT 1 AS answer`);
  const note = (text: string) => db.transact((run) => run((sql) => sql`INSERT INTO notes VALUES (${text})`));
  const notes = async () =>
    (await aside<{ text: string }[]>`SELECT text FROM notes ORDER BY text`).map((row) => row.text);
  /** Half of what a session gives a statement that is at work. */
  const soonMs = 12_000;

  test("refuses soon what waits on it, and leaves open no commit when it is whole again", async () => {
    await Promise.all([one(), note("before")]);
    const inDoubt = note("in doubt");
    await until(async () => {
      const found = await aside`SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'`;
      return found.length > 0;
    }, "a commit under way");
    proxy.silence();
    const refusals = await Promise.all(
      [...Array.from({ length: 100 }, one), ...Array.from({ length: 20 }, () => note("silent")), db.ping()].map(
        (answer) =>
          within<unknown>(
            answer.catch((error: unknown) => error),
            () => "nothing is said",
            soonMs,
          ),
      ),
    );
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: "UNAVAILABLE" });
    proxy.restore();
    await until(
      () =>
        one().then(
          () => true,
          () => false,
        ),
      "an answer",
    );
    await within(inDoubt, () => "the commit in doubt");
    await until(
      () =>
        note("after").then(
          () => true,
          () => false,
        ),
      "a commit",
    );
    expect(await notes()).toEqual(["after", "before", "in doubt"]);
  }, 40_000);

  test("of one connection is told from a statement that takes long: that one is waited for", async () => {
    await Promise.all([one(), one()]);
    let asked = 0;
    const long = db.ask((sql) => {
      asked++;
      return sql<{ answer: number }[]>`SELECT 7 AS answer, pg_sleep(2)`;
    });
    await until(async () => {
      const found = await aside`SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT 7%' AND state = 'active'`;
      return found.length > 0;
    }, "the statement that takes long");
    proxy.silence();
    const lost = one();
    await until(() => proxy.swallowed > 0, "the loss");
    proxy.restore();
    expect((await within(lost, () => "the other", soonMs))[0]?.answer).toBe(1);
    expect((await long)[0]?.answer).toBe(7);
    expect(asked).toBe(1);
  }, 40_000);
});
