import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import type { Database, PostgresDatabase } from "../../src/server/platform/db/database.ts";
import { Health } from "../../src/server/platform/db/postgres/health.ts";
import { learnOutcome } from "../../src/server/platform/db/postgres/outcome.ts";
import { Pool } from "../../src/server/platform/db/postgres/pool.ts";
import { transact } from "../../src/server/platform/db/postgres/transaction.ts";
import { Watch } from "../../src/server/platform/db/postgres/watch.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { appendToPostgres } from "../../src/server/timeline/append-postgres.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { storeRoom, storeUser } from "../support/database.ts";
import { until, within } from "../support/deferred.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";

const log = named("test");

describe.skipIf(postgresLack !== undefined)("connections to Postgres", () => {
  let ground: TestDatabase;
  let proxy: ChaosProxy;
  let db: PostgresDatabase;
  /** Not through the proxy. */
  let aside: postgres.Sql;

  const asPostgres = (database: Database): PostgresDatabase => {
    if (database.dialect !== "postgres") throw new Error("this is no Postgres");
    return database;
  };

  beforeAll(async () => {
    ground = await freshPostgres();
    proxy = await ChaosProxy.before(ground.url);
    db = asPostgres(await openDatabase(proxy.through(ground.url), log));
    aside = postgres(ground.url, { max: 2, onnotice: () => {} });
    await aside`CREATE TABLE notes (text text NOT NULL)`;
    // Takes its time at the commit of what says so.
    await aside.unsafe(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(CASE WHEN NEW.text LIKE 'slow%' THEN 1.5 ELSE 0 END); RETURN NULL; END $$`);
    await aside`CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION dawdle()`;
  });
  afterEach(async () => {
    await aside`TRUNCATE notes`;
  });
  afterAll(async () => {
    await db.close();
    await aside.end();
    await proxy.stop();
    await ground.drop();
  });

  const note = (text: string) => db.transact((run) => run((sql) => sql`INSERT INTO notes VALUES (${text})`));
  const notes = async () =>
    (await aside<{ text: string }[]>`SELECT text FROM notes ORDER BY text`).map(({ text }) => text);
  /** The back end that is at a commit, once one is. */
  const committing = (state = "active") =>
    until(async () => {
      const [found] = await aside<{ pid: number }[]>`
        SELECT pid FROM pg_stat_activity WHERE query = 'COMMIT' AND state = ${state} AND datname = current_database()`;
      return found?.pid;
    }, "a commit under way");

  test("a transaction whose back end is killed begins again on another, and is stored once", async () => {
    let attempts = 0;
    await db.transact(async (run) => {
      attempts++;
      await run((sql) => sql`INSERT INTO notes VALUES ('again')`);
      const [own] = await run((sql) => sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`);
      if (attempts === 1) await aside`SELECT pg_terminate_backend(${own?.pid ?? 0})`;
      await run((sql) => sql`INSERT INTO notes VALUES ('and on')`);
    });
    expect(attempts).toBe(2);
    expect(await notes()).toEqual(["again", "and on"]);
  });

  test("what a transaction asks after its end, or after its connection's, reaches nobody else's", async () => {
    const left: { run?: Parameters<Parameters<PostgresDatabase["transact"]>[0]>[0] } = {};
    await db.transact(async (run) => {
      left.run = run;
      await run((sql) => sql`SELECT 1`);
    });
    await expect(left.run?.((sql) => sql`INSERT INTO notes VALUES ('stray')`)).rejects.toThrow("after the end");
    expect(await notes()).toEqual([]);
  });

  test("a commit whose answer is lost is asked after: it was done, and is not done twice", async () => {
    const done = note("slow and cut");
    await committing();
    proxy.cut();
    proxy.restore();
    await within(done, () => "the transaction did not end");
    expect(await notes()).toEqual(["slow and cut"]);
  });

  test("a commit that was broken off is asked after: it was not done, and is done again", async () => {
    const done = note("slow and killed");
    const pid = await committing();
    await aside`SELECT pg_terminate_backend(${pid})`;
    await within(done, () => "the transaction did not end");
    expect(await notes()).toEqual(["slow and killed"]);
  });

  describe("a commit of which nobody learns in time what became of it", () => {
    let pool: Pool;
    beforeAll(() => {
      const metrics = createMetrics();
      const health = new Health(log);
      const url = proxy.through(ground.url);
      pool = new Pool({ url, purpose: "writes", size: 2, sharedBy: 1, health, watch: new Watch(url, health), metrics });
    });
    afterAll(() => pool.close());

    test("is not taken for done, and when it turns out that it was, somebody is told to make up for it", async () => {
      const untold = Promise.withResolvers<void>();
      const options = { pool, log, onUntold: untold.resolve, doubtMs: 50 };
      const done = transact(options, (run) => run((sql) => sql`INSERT INTO notes VALUES ('slow and unknown')`));
      await committing();
      proxy.cut();
      await expect(within(done, () => "the transaction did not end")).rejects.toMatchObject({ code: "UNAVAILABLE" });
      proxy.restore();
      await within(untold.promise, () => "nobody was told");
      expect(await notes()).toEqual(["slow and unknown"]);
    });

    test("needs nothing to be made up for when it was not done, or Postgres had written nothing of it", async () => {
      let given = "";
      const undone = aside.begin(async (sql) => {
        const [own] = await sql<{ id: string }[]>`SELECT pg_current_xact_id()::text AS id`;
        given = own?.id ?? "";
        throw new Error("rolled back");
      });
      await expect(undone).rejects.toThrow("rolled back");
      let told = 0;
      const never = String(Number(given) + 1_000_000);
      for (const id of [given, never]) await learnOutcome(pool, log, id, () => told++);
      expect(told).toBe(0);
    });
  });

  test("a read whose back end is killed is asked again", async () => {
    const killed = Promise.withResolvers<void>();
    let asked = 0;
    const slow = db.ask((sql) => {
      asked++;
      return sql<{ answer: number }[]>`SELECT 7 AS answer, pg_sleep(${asked === 1 ? 30 : 0})`;
    });
    void until(async () => {
      const [found] = await aside<{ pid: number }[]>`
        SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT 7%' AND state = 'active'`;
      return found && (await aside`SELECT pg_terminate_backend(${found.pid})`).length > 0;
    }, "the read").then(() => killed.resolve());
    await killed.promise;
    expect((await slow)[0]?.answer).toBe(7);
    expect(asked).toBe(2);
  });

  test("idle connections that were killed are replaced before anybody notices", async () => {
    await Promise.all(["a", "b", "c"].map(note));
    for (let round = 0; round < 3; round++) {
      await aside`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'parley%' AND datname = current_database()`;
      const [answer] = await db.ask((sql) => sql<{ two: number }[]>`SELECT 2 AS two`);
      expect(answer?.two).toBe(2);
      await note(`round ${round}`);
    }
    expect(await notes()).toEqual(["a", "b", "c", "round 0", "round 1", "round 2"]);
  });

  test("while Postgres is away everybody is told at once, and afterwards all works again", async () => {
    proxy.cut();
    for (const ask of [() => note("away"), () => db.ask((sql) => sql`SELECT 1`), () => db.ping()]) {
      await expect(within<unknown>(ask(), () => "no answer")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
    proxy.restore();
    await until(
      () =>
        note("back").then(
          () => true,
          () => false,
        ),
      "Postgres's return",
    );
    expect(await notes()).toEqual(["back"]);
  });

  test("a batch of messages of which nobody knows whether it was stored keeps its numbers when it is offered again", async () => {
    const [ann, room] = [await storeUser(db, "ann"), await storeRoom(db, "room")];
    const message = (content: string, client_id: string | null) => ({
      id: Bun.randomUUIDv7(),
      room_key: room,
      sender_key: ann,
      client_id,
      body_hash: 1,
      type: "text" as const,
      content,
      reply_to_id: null,
      mentions: null,
      created_at: 1,
    });
    const batch = [message("one", "1"), message("two", null), message("three", "3")];
    const first = await appendToPostgres(db, batch);
    expect(await appendToPostgres(db, batch)).toEqual(first);
    const later = await appendToPostgres(db, [message("four", null), ...batch, message("five", "3")]);
    expect(later.slice(0, 4)).toEqual([{ kind: "stored", seq: 4, rev: 4 }, ...first]);
    expect(later[4]).toMatchObject({ kind: "repeated", original: { seq: 3, content: "three" } });
  });

  test("an attempt that began before another one succeeded speaks for nobody, and is made again", async () => {
    const held: { end(): unknown }[] = [];
    const swallowing = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void held.push(socket), data() {} },
    });
    const targets = [`http://127.0.0.1:${swallowing.port}`];
    const way = await ChaosProxy.before(() => targets.shift() ?? ground.url);
    const url = way.through(ground.url);
    const health = new Health(log);
    const watch = new Watch(url, health);
    const pool = new Pool({ url, purpose: "early", size: 2, sharedBy: 1, health, watch, metrics: createMetrics() });
    const early = pool.use(async () => "served");
    await until(() => held.length > 0, "the first attempt");
    expect(await pool.use(async () => "served")).toBe("served");
    for (const socket of held) socket.end();
    expect(await early).toBe("served");
    expect(health.refusal).toBeUndefined();
    await pool.close();
    await way.stop();
    swallowing.stop(true);
  });

  test("who finds no connection waits for one, for so long and so many, and is refused then", async () => {
    const metrics = createMetrics();
    const { url } = ground;
    const health = new Health(log);
    const watch = new Watch(url, health);
    const options = { url, purpose: "few", size: 1, sharedBy: 1, health, watch, metrics };
    const pool = new Pool({ ...options, waitMs: 200, waitingMax: 2 });
    const taken = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holder = pool.use(async () => {
      taken.resolve();
      await release.promise;
    });
    await taken.promise;
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => pool.use(async () => "served")));
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.code)).toEqual(
      Array.from({ length: 3 }, () => "UNAVAILABLE"),
    );
    const patient = pool.use(async () => "served");
    release.resolve();
    await holder;
    expect(await patient).toBe("served");
    const refused = await metrics.registry.getSingleMetricAsString("parley_database_refused_total");
    expect(refused).toContain('parley_database_refused_total{pool="few"} 3');
    await pool.close();
  });
});
