import { describe, expect, test } from "bun:test";
import type { BusState } from "../../src/server/platform/bus/bus.ts";
import { operations } from "../../src/server/platform/http/operations.ts";
import { named } from "../../src/server/platform/log.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";

const answers = async () => {};
const gone = async () => {
  throw new Error("connection refused to postgres://parley:secret@host");
};

async function ask(state: BusState, { ping = answers, isDraining = false, query = "", silent = 0 } = {}) {
  const metrics = createMetrics();
  metrics.bridgeNodes.set({ state: "silent" }, silent);
  const app = operations({
    db: { ping },
    bus: { state },
    metrics,
    log: named("test"),
    metricsToken: undefined,
    isDraining: () => isDraining,
    remoteAddress: () => "127.0.0.1",
  });
  const response = await app.request(`/readyz${query}`);
  const { status, missing } = (await response.json()) as {
    status: string;
    missing: { part: string; message: string }[];
  };
  expect(missing.map(({ message }) => message).join()).not.toContain("secret");
  return [response.status, status, ...missing.map(({ part }) => part)];
}

describe("/readyz", () => {
  test("is green alone, and with a bridge that carries", async () => {
    expect(await ask("alone")).toEqual([200, "ready"]);
    expect(await ask("connected")).toEqual([200, "ready"]);
  });

  test("names what is missing", async () => {
    expect(await ask("away")).toEqual([503, "not ready", "bridge"]);
    expect(await ask("connected", { ping: gone })).toEqual([503, "not ready", "database"]);
    expect(await ask("away", { ping: gone })).toEqual([503, "not ready", "database", "bridge"]);
  });

  test("asked for the database alone, tells of a bridge that is away and stays green", async () => {
    const query = "?need=database";
    expect(await ask("away", { query })).toEqual([200, "ready", "bridge"]);
    expect(await ask("connected", { ping: gone, query })).toEqual([503, "not ready", "database"]);
  });

  test("tells of another node that fell silent, which is no reason to send nobody here", async () => {
    expect(await ask("connected", { silent: 1 })).toEqual([200, "ready", "peers"]);
  });

  test("asks the database once for all who ask at once", async () => {
    let pings = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const ping = () => {
      pings++;
      return promise;
    };
    const app = operations({
      db: { ping },
      bus: { state: "alone" },
      metrics: createMetrics(),
      log: named("test"),
      metricsToken: undefined,
      isDraining: () => false,
      remoteAddress: () => "127.0.0.1",
    });
    const asked = Promise.all(Array.from({ length: 20 }, () => app.request("/readyz")));
    resolve();
    expect((await asked).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(pings).toBe(1);
  });

  test("is red while draining, whatever is there", async () => {
    expect(await ask("connected", { isDraining: true })).toEqual([503, "draining"]);
    expect(await ask("alone", { isDraining: true, query: "?need=database" })).toEqual([503, "draining"]);
  });
});
