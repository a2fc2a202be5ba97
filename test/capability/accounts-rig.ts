import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../support/deferred.ts";
import { request, type Answer, type Reachable, type RequestOptions } from "../support/people.ts";

const writtenMail = z.strictObject({ to: z.string(), subject: z.string(), text: z.string(), written_at: z.string() });
export type WrittenMail = z.infer<typeof writtenMail>;

/** The mails to `to` in the outbox, the oldest first. */
export function mailsTo({ dataDir }: { dataDir: string }, to: string): WrittenMail[] {
  const folder = join(dataDir, "outbox");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .filter((text) => text.endsWith("}\n")) // else it is being written
    .map((text) => writtenMail.parse(JSON.parse(text)))
    .filter((mail) => mail.to === to);
}

/** The `count`-th mail to `to`, as soon as it is there. */
export function mailTo(server: { dataDir: string }, to: string, count = 1): Promise<WrittenMail> {
  return until(() => mailsTo(server, to)[count - 1], `mail ${count} to ${to}`);
}

/** The secret behind the `#` of the one link in a mail. */
export function tokenIn(mail: WrittenMail): string {
  const token = /https?:\/\/\S+#(\S+)/.exec(mail.text)?.[1];
  if (token === undefined) throw new Error(`no link in ${mail.subject}`);
  return token;
}

/** Signs in and gives the answer as it came. */
export function signIn(server: Reachable, username: string, password: string, options?: RequestOptions) {
  return request(server, "POST", "/auth/login", { username, password }, options);
}

/** Trades a refresh token and gives the answer as it came. */
export function refresh(server: Reachable, refreshToken: string): Promise<Answer> {
  return request(server, "POST", "/auth/refresh", undefined, { token: refreshToken });
}

/** Where a request seems to come from, at a server that trusts this machine as its proxy. */
export const from = (address: string) => ({ "x-forwarded-for": address });
