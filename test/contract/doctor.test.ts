import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { examine } from "../../src/commands/checks.ts";
import { inspectBridge } from "../../src/server/platform/bus/redis/inspect.ts";
import { readConfig } from "../../src/server/config.ts";
import { temporaryFolder } from "../support/environment.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";
import { redisLack, TestRedis } from "../support/redis.ts";

const lack = postgresLack ?? redisLack;
const name = "doctor, before a node of several";
const hour = 3_600_000;

describe.skipIf(lack !== undefined)(lack === undefined ? name : `${name} (skipped: ${lack})`, () => {
  let database: TestDatabase;
  let redis: TestRedis;

  beforeAll(async () => {
    [database, redis] = await Promise.all([
      freshPostgres(),
      TestRedis.start({
        args: ["--requirepass", "swordfish", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"],
      }),
    ]);
    await say("ACL", "SETUSER", "mute", "on", ">swordfish", "~*", "&*", "+@all", "-publish");
  }, 60_000);

  afterAll(async () => {
    await redis.stop();
    await database.drop();
  });

  const say = (...words: string[]) => redis.command("-a", "swordfish", "--no-auth-warning", ...words);

  /** What was found, by check, in one line each: `status message`. */
  async function findings(env: Record<string, string> = {}, now?: () => number) {
    const config = readConfig({
      DATA_DIR: temporaryFolder(),
      DATABASE_URL: database.url,
      REDIS_URL: redis.url.replace("//", "//:swordfish@"),
      PORT: "1",
      ...env,
    });
    const found = await examine(config, now);
    const lines = Object.fromEntries(found.map(({ check, status, message }) => [check, `${status} ${message}`]));
    expect(Object.values(lines).join()).not.toContain("swordfish");
    return lines;
  }

  test("says what the services are, what they allow, and what would hurt later", async () => {
    expect(await findings()).toMatchObject({
      database: expect.stringMatching(/^ok Postgres \d+.* is made at the first start$/),
      "database server": expect.stringMatching(/^(ok|warning) Postgres \d+ answers in/),
      "database rights": "ok may read, write and migrate",
      // The tests' own Postgres is to be fast, and nothing else.
      "database durability": expect.stringMatching(/^failed fsync is off/),
      "database clock": "ok the database's clock agrees with this machine's",
      "database connections": expect.stringMatching(/^ok \d+ of 297 are left .*: enough for \d+$/),
      bridge: expect.stringMatching(/^(ok|warning) (Redis|Valkey) \d.* carries a message in/),
      "bridge rights": "ok may publish, subscribe, run scripts and keep values",
      "bridge memory": expect.stringMatching(/^warning .*volatile-ttl$/),
      "bridge clock": "ok the bridge's clock agrees with this machine's",
    });
  });

  test("compares the clocks", async () => {
    const late = await findings({}, () => Date.now() - hour);
    expect(late["database clock"]).toMatch(/^failed .* 3600\.\d s ahead of this machine's: set both by NTP$/);
    expect(late["bridge clock"]).toMatch(/^failed .* ahead of/);
    const early = await findings({}, () => Date.now() + 10_000);
    expect(early["database clock"]).toMatch(/^warning .* behind this machine's/);
  });

  test.each([
    ["a wrong password", () => redis.url.replace("//", "//:wrong@"), /does not accept the user or password in it$/],
    ["no password", () => redis.url, /asks for a password/],
    ["a user who may not publish", () => redis.url.replace("//", "//mute:swordfish@"), /may not publish/],
    ["nobody there", () => "redis://127.0.0.1:1", /ECONNREFUSED/],
  ])("names %s of the bridge in one line", async (_, url, reason) => {
    const { bridge } = await findings({ REDIS_URL: url() });
    expect(bridge).toMatch(/^failed [^\n]+$/);
    expect(bridge).toMatch(reason);
  });

  test("knows a cluster from a single server", async () => {
    expect((await findings({ REDIS_SHARDED: "on" }))["bridge"]).toMatch(/^failed .* set REDIS_SHARDED=off$/);
  });

  test("does not wait for ever for what accepts connections and says nothing", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const looking = inspectBridge({ url: `redis://127.0.0.1:${silent.port}`, isSharded: false, answersWithinMs: 200 });
    expect(await looking.catch(String)).toBe("Error: it does not answer in time");
    silent.stop(true);
  });

  test("tells a replica's words from a primary's, and a user without rights", async () => {
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    const role = `reader_${process.pid}`;
    await sql.unsafe(`CREATE ROLE ${role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
    const url = database.url.replace("parley@", `${role}@`);
    expect((await findings({ DATABASE_URL: url }))["database rights"]).toMatch(/^failed the user may not make tables/);
    await sql.unsafe(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    expect((await findings({ DATABASE_URL: url }))["database rights"]).toMatch(/^failed .* read only/);
    await sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await sql.end();
  });

  test("says of a replica that is none, or not there", async () => {
    const replica = async (url: string) => (await findings({ DATABASE_REPLICA_URL: url }))["database replica"];
    expect(await replica(database.url)).toBe("failed DATABASE_REPLICA_URL leads to no replica: it takes writes");
    expect(await replica("postgres://parley:swordfish@127.0.0.1:1/parley")).toMatch(
      /^warning .* the primary reads for it/,
    );
  });

  test("says of a bridge beside a file that it needs one database", async () => {
    const { bridge } = await findings({ DATABASE_URL: "" });
    expect(bridge).toMatch(/^failed .*DATABASE_URL/);
  });
});
