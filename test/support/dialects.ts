import { describe } from "bun:test";
import type { Dialect } from "../../db/migrations.ts";
import { postgresLack } from "./postgres.ts";

/** Declares a suite once for each database; without a Postgres on the machine that half is skipped by name. */
export function forEachDialect(suite: (dialect: Dialect) => void): void {
  describe("on libSQL", () => suite("libsql"));
  describe.skipIf(postgresLack !== undefined)(
    postgresLack === undefined ? "on Postgres" : `on Postgres (skipped: ${postgresLack})`,
    () => suite("postgres"),
  );
}
