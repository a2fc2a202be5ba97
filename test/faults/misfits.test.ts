import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";
import { redisLack, TestRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const lack = postgresLack ?? redisLack;

describe.skipIf(lack !== undefined)(lack === undefined ? "nodes that do not fit together" : `skipped: ${lack}`, () => {
  let redis: TestRedis;
  let database: TestDatabase;
  let env: Record<string, string>;

  beforeAll(async () => {
    [redis, database] = await Promise.all([TestRedis.start(), freshPostgres()]);
    env = { DATABASE_URL: database.url, REDIS_URL: redis.url };
  });
  afterAll(async () => {
    await Promise.all([redis.stop(), database.drop()]);
  });

  test("have another secret: the second does not start, and says what to change", async () => {
    const first = await startServer({ env });
    try {
      const secret = "a secret that the first one does not have";
      const second = startServer({ env: { ...env, JWT_SECRET: secret } });
      await expect(second).rejects.toThrow(/another node of this installation .* has another JWT_SECRET/);
      expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
    } finally {
      await first.stop();
    }
  });

  test("have another history, as the database was replaced under the first: that one ends, to start again", async () => {
    const fallen = Promise.withResolvers<Error>();
    const first = await startServer({ env, fatal: fallen.resolve });
    const { db } = first.context;
    const { settings } = db.tables;
    const value = Bun.randomUUIDv7();
    await db.write((tx) => tx.update(settings).set({ value }).where(eq(settings.name, "epoch")));
    const second = await startServer({ env });
    expect((await fallen.promise).message).toContain("the database was replaced while this node ran");
    await Promise.all([first.stop(), second.stop()]);
  });
});
