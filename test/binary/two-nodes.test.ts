import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { z } from "zod";
import { room } from "../../src/protocol/models.ts";
import { binary, buildMs, run, serve } from "../support/binary.ts";
import { temporaryFolder } from "../support/environment.ts";
import { people } from "../support/people.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";
import { redisLack, sharedRedis } from "../support/redis.ts";

const lack = postgresLack ?? redisLack;

describe.skipIf(lack !== undefined)(
  lack === undefined ? "two binaries on one database and one bridge" : `skipped: ${lack}`,
  () => {
    let database: TestDatabase;
    let cwd: string;
    let env: Record<string, string>;

    beforeAll(async () => {
      await binary();
      cwd = temporaryFolder();
      database = await freshPostgres();
      env = {
        DATABASE_URL: database.url,
        REDIS_URL: (await sharedRedis()).url,
        RATE_LIMITS: "off",
        LOG_FORMAT: "json",
      };
    }, buildMs);
    afterAll(async () => {
      await database.drop();
      rmSync(cwd, { recursive: true, force: true });
    });

    test("hear each other, and obey the command line at once", async () => {
      const nodes = [await serve({ env, cwd }), await serve({ env, cwd })];
      const [one, two] = nodes.map(({ url }) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` }));
      if (!one || !two) throw new Error("there are two nodes");
      try {
        const { ann } = await people(one, "ann");
        const { ben } = await people(two, "ben");
        const [atOne, atTwo] = [await ann.connect(), await ben.connect()];
        const lobby = (await ann.http("GET", "/rooms?type=joined")).as(z.array(room))[0];
        await ben.http("POST", `/rooms/${lobby?.id}/messages`, { content: "hello from two", temp_id: "1" });
        await atOne.next("new_message", (payload) => payload.content === "hello from two");
        await ann.http("POST", `/rooms/${lobby?.id}/messages`, { content: "hello from one", temp_id: "1" });
        await atTwo.next("new_message", (payload) => payload.content === "hello from one");
        expect(await run(["user", "disable", "ben"], { cwd, env })).toMatchObject({ code: 0 });
        expect((await atTwo.closed).code).toBe(4001);
      } finally {
        for (const node of nodes) await node.stop();
      }
    });

    test("refuse a bridge with an embedded database", async () => {
      const outcome = await run(["serve"], { cwd, env: { ...env, DATABASE_URL: "", DATA_DIR: cwd } });
      expect(outcome.stderr).toMatch(/^parley: REDIS_URL joins several nodes, and those need one database: [^\n]+\n$/);
      expect(outcome.code).toBe(1);
    });
  },
);
