import { errorText } from "../protocol/errors.ts";
import { AppError } from "../server/platform/app-error.ts";
import { type Command, UsageError } from "./command.ts";
import { oneLine, print, printError, table } from "./terminal.ts";

/** Loaded when asked for: `version` must answer even where the database's addon cannot be loaded. */
const commands: Record<string, { summary: string; load: () => Promise<Command> }> = {
  serve: { summary: "run the server", load: async () => (await import("./serve.ts")).serveCommand },
  migrate: {
    summary: "bring the database up to date",
    load: async () => (await import("./migrate.ts")).migrateCommand,
  },
  user: {
    summary: "add, list, disable and enable people, set passwords",
    load: async () => (await import("./user.ts")).userCommand,
  },
  seed: {
    summary: "fill the database with a believable world",
    load: async () => (await import("./seed.ts")).seedCommand,
  },
  doctor: {
    summary: "look for what would keep the server from working",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  version: { summary: "print the version", load: async () => (await import("./version.ts")).versionCommand },
};

function overview(): string {
  const list = table(Object.entries(commands).map(([name, { summary }]) => [`  ${name}`, summary]));
  return `Parley, a self-hosted chat server.

Usage: parley <command> [options]

${list}

\`parley <command> --help\` says more. Settings come from the environment; see .env.example.`;
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === "--help" || word === "-h" || word === "help") {
    print(overview());
    return 0;
  }
  const known = commands[word === "--version" ? "version" : (word ?? "")];
  if (!known)
    throw new UsageError(
      word === undefined ? "say what to do, e.g. parley serve" : `unknown command ${JSON.stringify(word)}`,
    );
  const command = await known.load();
  const options = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : rest.length);
  if (options.includes("--help") || options.includes("-h")) {
    print(command.help);
    return 0;
  }
  return (await command.run(rest)) ?? 0;
}

/** Runs one command: 0 done, 1 failed, 2 wrongly used. Whatever goes wrong is one line on standard error. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    if (error instanceof UsageError) {
      printError(`parley: ${oneLine(error)} (parley --help)`);
      return 2;
    }
    printError(`parley: ${explanation(error)}`);
    return 1;
  }
}

function explanation(error: unknown): string {
  if (error instanceof AppError) {
    const fields = (error.details ?? []).map(({ field, message }) => `${field} ${message}`.trim());
    return [errorText(error.code, "en", error.values), ...fields].join(": ");
  }
  // Inside the binary, libSQL's addon is packed; it is unpacked into the temporary folder and loaded from there.
  if (error instanceof Error && "code" in error && error.code === "ERR_DLOPEN_FAILED") {
    const reason = oneLine(error);
    return `libSQL cannot be loaded; set TMPDIR to a folder that is writable and from which programs may run (${reason})`;
  }
  return oneLine(error);
}
