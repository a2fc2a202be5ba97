import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** One word after `parley`. */
export interface Command {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** What `--help` prints. */
  help: string;
  /** Resolves with the exit code; 0 when it gives none. Throws `UsageError` for what was typed wrongly. */
  run(args: string[]): Promise<number | void>;
}

/** What was typed is wrong: one line and exit 2. */
export class UsageError extends Error {}

/** Reads flags and positionals by `node:util`; what it does not know is a {@link UsageError}. */
export function parse<const O extends ParseArgsOptionsConfig>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    // The first sentence says what is wrong; the rest is advice that does not fit here.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(/\. /, 1).join(""));
  }
}

/** Refuses more or fewer words than the command takes. */
export function expectWords(words: readonly string[], names: readonly string[]): void {
  const missing = names[words.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = words[names.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
}

/** A whole number from a flag. */
export function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`${flag} takes a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  }
  return value;
}
