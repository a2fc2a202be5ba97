import type { Migration } from "../../../../db/migrations.ts";
import { StartError } from "../start-error.ts";

/** The steps not yet applied, in order. Refuses a database that is ahead: an older Parley must not touch it. */
export function pending(all: readonly Migration[], applied: readonly string[]): Migration[] {
  const known = new Set(all.map(({ name }) => name));
  const unknown = applied.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new StartError(`the database was made by a newer Parley (it has the migration ${unknown}); start that one`);
  }
  const done = new Set(applied);
  return all.filter(({ name }) => !done.has(name));
}
