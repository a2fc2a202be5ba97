import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { examine } from "../../src/commands/checks.ts";
import { message, room } from "../../src/protocol/models.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { until } from "../support/deferred.ts";
import { people, type Person } from "../support/people.ts";
import { postgresLack, PostgresServer } from "../support/postgres.ts";
import { startServer, type TestServer } from "../support/server.ts";

describe.skipIf(postgresLack !== undefined)("history and search with a replica", () => {
  let primary: PostgresServer;
  let replica: PostgresServer;
  let standby: postgres.Sql;
  let server: TestServer;
  let ann: Person;
  let roomId: string;
  let database: { url: string; drop(): Promise<void> };

  beforeAll(async () => {
    primary = await PostgresServer.start();
    database = await primary.fresh();
    replica = await primary.replica();
    const url = database.url.replace(String(primary.port), String(replica.port));
    standby = postgres(url, { max: 1 });
    server = await startServer({ env: { DATABASE_URL: database.url, DATABASE_REPLICA_URL: url } });
    ({ ann } = await people(server, "ann"));
    roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
  });
  afterAll(async () => {
    await server.stop();
    await standby.end();
    await replica.stop();
    await primary.stop();
  });

  const say = async (content: string) =>
    (await ann.http("POST", `/rooms/${roomId}/messages`, { content, temp_id: Bun.randomUUIDv7() })).as(message);
  const contents = async (path: string) => {
    const { data } = await ann.http("GET", path);
    return Array.isArray(data) ? data.flatMap((row) => (row.type === "system" ? [] : [row.content])) : data;
  };
  const history = () => contents(`/rooms/${roomId}/messages`);
  const reads = async (outcome: string) => {
    const { values } = await server.context.metrics.replicaReads.get();
    return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
  };

  test("are well, doctor says", async () => {
    const findings = await examine(server.context.config);
    expect(findings.find(({ check }) => check === "database replica")).toMatchObject({ status: "ok" });
  });

  test("read there what it has", async () => {
    await say("one");
    const before = await reads("read");
    await until(async () => {
      expect(await history()).toEqual(["one"]);
      return (await reads("read")) > before;
    }, "a read on the replica");
    await catchUp(server.context);
    const read = await reads("read");
    await until(async () => {
      const found = await contents("/messages/search?q=one");
      return (await reads("read")) > read && Array.isArray(found) && found.length === 1;
    }, "a search on the replica");
    expect((await ann.http("GET", `/rooms/${roomId}/messages?before=${crypto.randomUUID()}`)).outcome).toBe(
      "404 MESSAGE_NOT_FOUND",
    );
  });

  test("never show less than the primary has: while the replica stands still, that one is asked", async () => {
    await standby`SELECT pg_wal_replay_pause()`;
    try {
      await until(async () => {
        const [state] = await standby<{ state: string }[]>`SELECT pg_get_wal_replay_pause_state() AS state`;
        return state?.state === "paused";
      }, "the pause");
      const { id } = await say("two");
      const behind = await reads("behind");
      expect(await history()).toEqual(["one", "two"]);
      expect(await reads("behind")).toBe(behind + 1);
      await ann.http("DELETE", `/messages/${id}`);
      expect(await history()).toEqual(["one", ""]);
    } finally {
      await standby`SELECT pg_wal_replay_resume()`;
    }
    const read = await reads("read");
    await until(async () => {
      expect(await history()).toEqual(["one", ""]);
      return (await reads("read")) > read;
    }, "the replica's return");
  });

  test("go on while the replica is away, and use it again when it is back", async () => {
    await replica.halt("crash");
    await say("three");
    expect(await history()).toEqual(["one", "", "three"]);
    expect(await reads("failed")).toBeGreaterThan(0);
    await replica.run();
    const read = await reads("read");
    await until(async () => {
      expect(await history()).toEqual(["one", "", "three"]);
      return (await reads("read")) > read;
    }, "the replica's return");
  });

  test("leave alone what follows another database", async () => {
    const { url, drop } = await primary.fresh();
    const other = await startServer({ env: { DATABASE_URL: url } });
    const mistaken = await startServer({ env: { DATABASE_URL: database.url, DATABASE_REPLICA_URL: url } });
    const again = ann.at(mistaken);
    const { data } = await again.http("GET", `/rooms/${roomId}/messages?limit=1`);
    expect(data).toMatchObject([{ content: "three" }]);
    const { values } = await mistaken.context.metrics.replicaReads.get();
    expect(values.map(({ labels }) => labels.outcome)).toEqual(["behind"]);
    await mistaken.stop();
    await other.stop();
    await drop();
  });
});
