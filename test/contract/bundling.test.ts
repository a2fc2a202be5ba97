import { expect, test } from "bun:test";
import Libsql from "libsql";
import { isUniqueViolation } from "../../src/server/platform/db/errors.ts";
import { bundleClient } from "../../src/server/web/bundle.ts";

test("bundling the client leaves the errors of the database as they are", async () => {
  await bundleClient({ brotliQuality: 1 });
  const db = new Libsql(":memory:");
  db.exec("CREATE TABLE names (name TEXT UNIQUE); INSERT INTO names VALUES ('ann')");
  const error: unknown = (() => {
    try {
      return db.exec("INSERT INTO names VALUES ('ann')");
    } catch (caught) {
      return caught;
    }
  })();
  db.close();
  expect(isUniqueViolation(error)).toBe(true);
});
