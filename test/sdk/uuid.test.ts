import { expect, test } from "bun:test";
import fc from "fast-check";
import { idPattern } from "../../src/protocol/text.ts";
import { uuidv7 } from "../../src/sdk/uuid.ts";

test("ids are UUIDv7 and rise, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 42 }), { minLength: 2 }), (times) => {
      const ids = times.map((time) => uuidv7(time));
      for (const id of ids) expect(id).toMatch(idPattern);
      expect(ids.toSorted()).toEqual(ids);
      expect(new Set(ids).size).toBe(ids.length);
    }),
  );
});

test("more ids than a millisecond has room for still rise", () => {
  const now = 2 ** 43;
  const ids = Array.from({ length: 10_000 }, () => uuidv7(now));
  expect(ids.toSorted()).toEqual(ids);
});
