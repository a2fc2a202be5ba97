import { configureSync } from "@logtape/logtape";
import { z } from "zod";
import { migrations } from "../../db/migrations.ts";
import { kindOf } from "../../src/server/database-url.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import { StartError } from "../../src/server/platform/start-error.ts";

/**
 * A start of the database alone, in a process of its own: `bun open-database.ts '{"url":…}'`. Writes the names of the
 * steps it applied, one a line.
 */
export const startRequest = z.object({
  url: z.string(),
  later: z.array(z.object({ name: z.string(), createdAtMs: z.number(), statements: z.array(z.string()) })),
  /** Dies by SIGKILL after this step has run and before its transaction ends. */
  dieAfter: z.string().optional(),
});

if (import.meta.main) {
  const { url, later, dieAfter } = startRequest.parse(JSON.parse(Bun.argv[2] ?? ""));
  configureSync({
    sinks: {
      steps({ properties }) {
        const step = properties["migration"];
        if (typeof step !== "string") return;
        console.log(step);
        if (step === dieAfter) process.kill(process.pid, "SIGKILL");
      },
    },
    loggers: [
      { category: "parley", sinks: ["steps"] },
      { category: "logtape", lowestLevel: "error", sinks: [] },
    ],
  });
  const dialect = kindOf(url) === "postgres" ? "postgres" : "libsql";
  try {
    const db = await openDatabase(url, named("start"), { steps: [...migrations(dialect), ...later] });
    await db.close();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
