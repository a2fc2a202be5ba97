import { readConfig } from "../server/config.ts";
import { askHealth, examine } from "./checks.ts";
import { type Command, expectWords, parse } from "./command.ts";
import { print, table } from "./terminal.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "look for what would keep the server from working",
  help: `parley doctor [--health] [--json]

Looks at configuration, folders, database, bridge, certificate and limits, and changes nothing but a key of the bridge
for a moment. Exits 1 when something has failed.

  --health   only ask the running server whether it is alive (for a container's health check)
  --json     print the findings as JSON`,
  async run(args) {
    const { values, positionals } = parse(args, { health: { type: "boolean" }, json: { type: "boolean" } });
    expectWords(positionals, []);
    const config = readConfig();
    if (values.health) return (await askHealth(config)) ? 0 : 1;
    const findings = await examine(config);
    const marks = { ok: "ok", warning: "WARNING", failed: "FAILED" };
    print(
      values.json
        ? JSON.stringify(findings)
        : table(findings.map(({ check, status, message }) => [check, marks[status], message])),
    );
    return findings.some(({ status }) => status === "failed") ? 1 : 0;
  },
};
