import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Mail } from "./mail.ts";

/** Where mails go when there is no SMTP server: one JSON file a mail, readable by the owner alone. */
export function outbox(folder: string, clock: Clock): (mail: Mail) => Promise<void> {
  return async (mail) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const writtenAt = new Date(clock.now()).toISOString();
    const name = `${writtenAt.replaceAll(":", "-")}-${Bun.randomUUIDv7()}.json`;
    const content = `${JSON.stringify({ ...mail, written_at: writtenAt }, null, 2)}\n`;
    await writeFile(join(folder, name), content, { mode: 0o600, flag: "wx" });
  };
}
