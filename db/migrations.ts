import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export type Dialect = "libsql" | "postgres";

export interface Migration {
  /** As drizzle-kit named it: `0000_core`. */
  name: string;
  createdAtMs: number;
  statements: string[];
}

const journalSchema = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.int() })) });

/**
 * Where drizzle-kit's output of a dialect lies, readable by node:fs. `build.ts` embeds the folder `migrations`
 * beside the bundled code, hence the same path relative to this module from source and inside the binary.
 */
export function migrationsFolder(dialect: Dialect): string {
  return join(import.meta.dir, "migrations", dialect);
}

/** All migrations of a dialect, the oldest first. */
export function migrations(dialect: Dialect): Migration[] {
  const folder = migrationsFolder(dialect);
  const journal = journalSchema.parse(JSON.parse(readFileSync(join(folder, "meta/_journal.json"), "utf8")));
  return journal.entries.map(({ tag, when }) => ({
    name: tag,
    createdAtMs: when,
    statements: readFileSync(join(folder, `${tag}.sql`), "utf8").split("--> statement-breakpoint"),
  }));
}
