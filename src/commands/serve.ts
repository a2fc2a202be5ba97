import { readConfig } from "../server/config.ts";
import { runServer } from "../server/start.ts";
import { type Command, expectWords, parse } from "./command.ts";

export const serveCommand: Command = {
  name: "serve",
  summary: "run the server",
  help: `parley serve

Runs the server until SIGTERM or SIGINT: then clients are told, writes in flight are finished, and it exits with 0.
The first line on standard output says where it is ready. Settings come from the environment; see .env.example.`,
  async run(args) {
    const { positionals } = parse(args, {});
    expectWords(positionals, []);
    return runServer(readConfig());
  },
};
