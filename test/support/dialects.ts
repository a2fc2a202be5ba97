import { describe } from "bun:test";
import type { Dialect } from "../../db/migrations.ts";
import type { DatabaseKind } from "../../src/server/database-url.ts";
import { postgresLack } from "./postgres.ts";
import { sqldLack } from "./sqld.ts";

/** A dialect, where the database is as it is by default; or libSQL behind a network. */
export type TestedDatabase = Dialect | Extract<DatabaseKind, "remote">;

/** Declares a suite once for each database; without a Postgres on the machine that half is skipped by name. */
export function forEachDialect(suite: (dialect: Dialect) => void): void {
  describe("on libSQL", () => suite("libsql"));
  describe.skipIf(postgresLack !== undefined)(
    postgresLack === undefined ? "on Postgres" : `on Postgres (skipped: ${postgresLack})`,
    () => suite("postgres"),
  );
}

/** {@link forEachDialect}, and once more on a libSQL server; without one on the machine that part is skipped by name. */
export function forEachDatabase(suite: (database: TestedDatabase) => void): void {
  forEachDialect(suite);
  describe.skipIf(sqldLack !== undefined)(
    sqldLack === undefined ? "on remote libSQL" : `on remote libSQL (skipped: ${sqldLack})`,
    () => suite("remote"),
  );
}
