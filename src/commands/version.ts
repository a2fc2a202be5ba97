import { version } from "../server/version.ts";
import { type Command, expectWords, parse } from "./command.ts";
import { print } from "./terminal.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "print the version",
  help: `parley version [--json]

Prints the version of this Parley and of the Bun inside it.`,
  async run(args) {
    const { values, positionals } = parse(args, { json: { type: "boolean" } });
    expectWords(positionals, []);
    const platform = `${process.platform}-${process.arch}`;
    print(
      values.json
        ? JSON.stringify({ version, bun: Bun.version, platform })
        : `Parley ${version} (Bun ${Bun.version}, ${platform})`,
    );
  },
};
