import { describe, expect, test } from "bun:test";
import { PasswordHashes } from "../../src/server/accounts/password-hashes.ts";
import { readConfig } from "../../src/server/config.ts";
import { AppError } from "../../src/server/platform/app-error.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";

function hashesAtCost(cost: number) {
  const metrics = createMetrics();
  return { metrics, hashes: new PasswordHashes({ config: readConfig({ BCRYPT_COST: String(cost) }), metrics }) };
}

describe("password hashes", () => {
  test("tell the right password from others, and know at which cost they were made", async () => {
    const { hashes } = hashesAtCost(4);
    const hash = await hashes.hash("correct horse");
    expect(hash).toStartWith("$2b$04$");
    expect(await hashes.verify("correct horse", hash)).toBe(true);
    expect(await hashes.verify("correct horse ", hash)).toBe(false);
    expect(hashes.isOutdated(hash)).toBe(false);
    expect(hashesAtCost(5).hashes.isOutdated(hash)).toBe(true);
  });

  test("nobody's password is any password, nor is a deleted account's", async () => {
    const { hashes } = hashesAtCost(4);
    for (const password of ["", "x", "correct horse"]) {
      expect(await hashes.verify(password, undefined)).toBe(false);
      expect(await hashes.verify(password, "")).toBe(false);
    }
  });

  test("an unknown name takes as long as a wrong password", async () => {
    const { hashes } = hashesAtCost(10);
    const hash = await hashes.hash("correct horse");
    const median = async (of: string | undefined) => {
      const times: number[] = [];
      for (let i = 0; i < 7; i++) {
        const before = performance.now();
        await hashes.verify("wrong", of);
        times.push(performance.now() - before);
      }
      return times.sort((a, b) => a - b)[3] ?? 0;
    };
    const [unknown, wrong] = [await median(undefined), await median(hash)];
    // A missing dummy hash would be a thousand times faster; the machine's noise is not.
    expect(unknown / wrong).toBeGreaterThan(0.3);
    expect(unknown / wrong).toBeLessThan(3);
  });

  test("a flood is refused instead of growing a queue, and what waited is served in its order", async () => {
    const { hashes, metrics } = hashesAtCost(6);
    const served: number[] = [];
    const flood = Array.from({ length: 300 }, (_, i) => hashes.verify("x", undefined).then(() => served.push(i)));
    expect((await metrics.hashesWaiting.get()).values[0]?.value).toBe(64);
    const results = await Promise.allSettled(flood);
    const refused = results.filter((result) => result.status === "rejected");
    expect(served.length).toBeLessThan(64 + 32);
    expect(refused).toHaveLength(300 - served.length);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(AppError);
      expect(reason).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: expect.any(Number) });
    }
    expect(served.slice(-32)).toEqual(served.slice(-32).sort((a, b) => a - b));
    expect((await metrics.hashesWaiting.get()).values[0]?.value).toBe(0);
    expect(await hashes.verify("x", undefined)).toBe(false);
  });

  test("the event loop turns meanwhile", async () => {
    const { hashes } = hashesAtCost(11);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await Promise.all(Array.from({ length: 4 }, () => hashes.hash("x")));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  test("whoever is no longer admitted when their turn comes is refused, and the next one is served", async () => {
    const { hashes } = hashesAtCost(4);
    const refusal = hashes.verify("x", undefined, () => {
      throw new AppError("RATE_LIMITED");
    });
    const next = hashes.verify("x", undefined);
    expect(refusal).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(await next).toBe(false);
  });
});
