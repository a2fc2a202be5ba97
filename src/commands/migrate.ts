import { readConfig } from "../server/config.ts";
import { inspectDatabase } from "../server/platform/db/inspect.ts";
import { openDatabase } from "../server/platform/db/open.ts";
import { named } from "../server/platform/log.ts";
import { type Command, expectWords, parse } from "./command.ts";
import { print } from "./terminal.ts";

export const migrateCommand: Command = {
  name: "migrate",
  summary: "bring the database up to date",
  help: `parley migrate [--json]

Applies the migrations that are missing, under a lock, after a snapshot of the database file. \`serve\` does the same at
its start; run it by itself to see whether it works before the server is stopped.`,
  async run(args) {
    const { values, positionals } = parse(args, { json: { type: "boolean" } });
    expectWords(positionals, []);
    const { databaseUrl, databaseAuthToken: authToken } = readConfig();
    const before = await inspectDatabase(databaseUrl, authToken);
    const db = await openDatabase(databaseUrl, named("migrate"), { authToken });
    await db.close();
    const { name } = before.state === "absent" ? await inspectDatabase(databaseUrl, authToken) : before;
    const applied = { absent: "made", behind: before.pending.join(", "), ready: "nothing to do" }[before.state];
    print(
      values.json
        ? JSON.stringify({ database: name, was: before.state, applied: before.pending })
        : `${name}: ${applied}`,
    );
  },
};
