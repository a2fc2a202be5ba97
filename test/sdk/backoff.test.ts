import { expect, test } from "bun:test";
import { retryDelayMs } from "../../src/sdk/backoff.ts";

test("five quick tries, then slow ones", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 1000].map((attempt) => retryDelayMs(attempt, 1))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 30_000, 30_000, 30_000,
  ]);
});

test("chance takes away up to half, so that a crowd spreads out", () => {
  expect(retryDelayMs(5, 0)).toBe(4_000);
  expect(retryDelayMs(6, 0.5)).toBe(22_500);
});
