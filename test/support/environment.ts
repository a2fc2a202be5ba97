import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestedDatabase } from "./dialects.ts";
import { freshPostgres, type TestDatabase } from "./postgres.ts";
import { freshRemote } from "./sqld.ts";

export interface ServerOptions {
  dialect?: TestedDatabase;
  /** Variables over the test's own defaults; an empty string unsets one. */
  env?: Record<string, string>;
}

/** What a server of a test stands on: a folder and, on Postgres, a database. */
export interface Ground {
  env: Record<string, string>;
  dataDir: string;
  clear(): Promise<void>;
}

const folders = new Set<string>();
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder below the system's temporary one; what a test does not remove goes when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-test-"));
  folders.add(folder);
  return folder;
}

/**
 * Cheap passwords, any free port, and no limiters: one address registers a whole cast. A test of limits turns them on by
 * `env: { RATE_LIMITS: "on" }`.
 */
export async function prepareGround({ dialect = "libsql", env = {} }: ServerOptions): Promise<Ground> {
  const dataDir = temporaryFolder();
  const database = await databaseOf(dialect);
  return {
    dataDir,
    env: {
      PORT: "0",
      DATA_DIR: dataDir,
      BCRYPT_COST: "4",
      RATE_LIMITS: "off",
      LOG_FORMAT: "json",
      ...(database && { DATABASE_URL: database.url }),
      ...env,
    },
    clear: async () => {
      await database?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A database of its own; none for what the server makes for itself in its folder. */
async function databaseOf(dialect: TestedDatabase): Promise<TestDatabase | undefined> {
  if (dialect === "postgres") return freshPostgres();
  if (dialect === "remote") return freshRemote();
  return undefined;
}
