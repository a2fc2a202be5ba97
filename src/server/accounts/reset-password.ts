import type { z } from "zod";
import type { Language } from "../../protocol/languages.ts";
import type { resetPassword as resetPasswordRequest } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { announceEnded, endSessions } from "./end-sessions.ts";
import { links } from "./links.ts";
import { mails } from "./mails.ts";
import { wireMe } from "./me.ts";
import { findOneTimeToken, randomToken, redeemOneTimeToken, storeOneTimeToken } from "./one-time-tokens.ts";
import { passwordHashes } from "./password-hashes.ts";
import { demandGoodPassword } from "./password-policy.ts";
import { deleteMailedTokens } from "./session-store.ts";
import { mayMailReset } from "./sign-in-limits.ts";
import { findUser, updateUser } from "./store.ts";

const linkTtlMs = 30 * 60_000;

/**
 * Mails a link for a new password, if the address is an account's. Gives nothing and takes no time either way: what
 * has to be looked up is looked up after the answer.
 */
export function forgotPassword(ctx: Context, email: string, from: { address: string; language: Language }): void {
  void ctx.jobs.run(`reset mail ${Bun.randomUUIDv7()}`, async () => {
    if (await mayMailReset(ctx, from.address, email.toLowerCase())) await mailReset(ctx, email, from.language);
  });
}

async function mailReset(ctx: Context, address: string, language: Language): Promise<void> {
  const user = await findUser.byEmail(ctx, address);
  if (!user || user.email === null || user.disabled_at !== null) return;
  const { email } = user;
  const token = randomToken();
  await ctx.db.write((tx) =>
    storeOneTimeToken(ctx, tx, token, {
      kind: "reset_password",
      userKey: user.key,
      email,
      expiresAtMs: ctx.clock.now() + linkTtlMs,
    }),
  );
  ctx.mailer.send({ to: email, ...mails.reset[language](user.username, links(ctx).reset(token)) });
}

/**
 * Sets the password of whoever got the link; all their sessions end, and the address is theirs now. Throws
 * `TOKEN_INVALID`; `VALIDATION_ERROR` for a weak password, after which the link still works.
 */
export async function resetPassword(
  ctx: Context,
  { token, password }: z.output<typeof resetPasswordRequest>,
): Promise<void> {
  const found = await findOneTimeToken(ctx, "reset_password", token);
  const user = found?.user_key != null ? await findUser.byKey(ctx, found.user_key) : undefined;
  if (!user) throw new AppError("TOKEN_INVALID");
  demandGoodPassword(password, user);
  const passwordHash = await passwordHashes(ctx).hash(password);
  const { ended, changed } = await ctx.db.write(async (tx) => {
    const redeemed = await redeemOneTimeToken(ctx, tx, "reset_password", token);
    if (!redeemed) throw new AppError("TOKEN_INVALID");
    await deleteMailedTokens(ctx, tx, user.key, "reset_password");
    let changed = await updateUser(ctx, tx, user.key, { password_hash: passwordHash });
    if (!changed) throw new AppError("TOKEN_INVALID");
    if (changed.email === redeemed.email) {
      changed = (await updateUser(ctx, tx, user.key, { email_verified: true })) ?? changed;
    }
    return { changed, ended: await endSessions(ctx, tx, user) };
  });
  announceEnded(ctx, ended);
  ctx.publish.toUser(changed.id, "me_updated", { user: wireMe(changed) });
}
