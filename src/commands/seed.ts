import { closeSync, openSync, writeSync } from "node:fs";
import { seed, signInAll } from "../../db/seed.ts";
import { passwordHashes } from "../server/accounts/password-hashes.ts";
import { StartError } from "../server/platform/start-error.ts";
import { type Command, expectWords, parse, wholeNumber } from "./command.ts";
import { oneLine, print, Progress } from "./terminal.ts";
import { withContext } from "./with-context.ts";

const million = 1_000_000;

export const seedCommand: Command = {
  name: "seed",
  summary: "fill the database with a believable world",
  help: `parley seed [--users N] [--rooms N] [--messages N] [--tokens FILE] [--json]

Adds people, rooms and conversations in English and Chinese, in bulk: a million messages take seconds. Stop the server
first. All these people share one password, which is made anew and printed.

  --users N       how many people (default 50)
  --rooms N       how many rooms beside the lobby (default 12)
  --messages N    how many messages (default 5000)
  --tokens FILE   also sign everybody in and write one JSON object a line: user_id, username, token
  --json          print what was made as JSON`,
  async run(args) {
    const { values, positionals } = parse(args, {
      users: { type: "string", default: "50" },
      rooms: { type: "string", default: "12" },
      messages: { type: "string", default: "5000" },
      tokens: { type: "string" },
      json: { type: "boolean" },
    });
    expectWords(positionals, []);
    const users = wholeNumber("--users", values.users, 1, 5 * million);
    const rooms = wholeNumber("--rooms", values.rooms, 0, 5 * million);
    const messages = wholeNumber("--messages", values.messages, 0, 1000 * million);
    // Opened before anything is written: a wrong path should cost nothing.
    const tokens = values.tokens === undefined ? undefined : openPrivately(values.tokens);
    const password = Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString("base64url");
    const started = performance.now();
    const progress = new Progress("seeding");
    await withContext(async (ctx) => {
      const passwordHash = await passwordHashes(ctx).hash(password);
      const [randomSeed = 0] = crypto.getRandomValues(new Uint32Array(1));
      const people = await seed(ctx, {
        users,
        rooms,
        messages,
        passwordHash,
        randomSeed,
        onProgress: (done, total) => progress.update(done, total),
      });
      if (tokens === undefined) return;
      await signInAll(ctx, people, "seed", async (part) => {
        writeSync(tokens, part.map((person) => `${JSON.stringify(person)}\n`).join(""));
      });
      closeSync(tokens);
    });
    const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
    print(
      values.json
        ? JSON.stringify({ users, rooms, messages, seconds, password, tokens: values.tokens ?? null })
        : `${users} people, ${rooms} rooms and ${messages} messages in ${seconds} s. Everybody's password: ${password}`,
    );
  },
};

/** Tokens are as good as passwords: for the owner's eyes only. */
function openPrivately(path: string): number {
  try {
    return openSync(path, "w", 0o600);
  } catch (error) {
    throw new StartError(`${path} cannot be written: ${oneLine(error)}`);
  }
}
