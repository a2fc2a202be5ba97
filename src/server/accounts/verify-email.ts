import type { z } from "zod";
import type { Language } from "../../protocol/languages.ts";
import type { changeEmail as changeEmailRequest } from "../../protocol/requests.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { isUniqueViolation } from "../platform/db/errors.ts";
import { confirmPassword } from "./confirm-password.ts";
import { links } from "./links.ts";
import { mails } from "./mails.ts";
import { wireMe } from "./me.ts";
import { randomToken, redeemOneTimeToken, storeOneTimeToken } from "./one-time-tokens.ts";
import { demandMailTo } from "./sign-in-limits.ts";
import { deleteMailedTokens } from "./session-store.ts";
import { findUser, releaseEmail, updateUser, type UserRow } from "./store.ts";

const linkTtlMs = 24 * 3_600_000;

/**
 * Asks for an address; it becomes one's own by the click on the link that is mailed to it. Throws
 * `INVALID_CREDENTIALS`, `EMAIL_TAKEN` (somebody else has verified it), `RATE_LIMITED`.
 */
export async function changeEmail(
  ctx: Context,
  actor: Actor,
  input: z.output<typeof changeEmailRequest>,
  language: Language,
): Promise<void> {
  const user = await confirmPassword(ctx, actor, input.password);
  const email = input.email.toLowerCase();
  const holder = await findUser.byEmail(ctx, email);
  if (holder && holder.key !== actor.key && holder.email_verified) throw new AppError("EMAIL_TAKEN");
  await demandMailTo(ctx, actor.id);
  await mailVerification(ctx, user, email, language);
}

/** Mails the link that proves that `email` is the person's; earlier links stop working. */
export async function mailVerification(ctx: Context, user: UserRow, email: string, language: Language): Promise<void> {
  const token = randomToken();
  await ctx.db.write(async (tx) => {
    await deleteMailedTokens(ctx, tx, user.key, "verify_email");
    await storeOneTimeToken(ctx, tx, token, {
      kind: "verify_email",
      userKey: user.key,
      email,
      expiresAtMs: ctx.clock.now() + linkTtlMs,
    });
  });
  ctx.mailer.send({ to: email, ...mails.verify[language](user.username, links(ctx).verify(token)) });
}

/**
 * Makes an address the verified one of whoever asked for it, and takes it from an account that never verified it.
 * Throws `TOKEN_INVALID`, `EMAIL_TAKEN`.
 */
export async function verifyEmail(ctx: Context, token: string): Promise<void> {
  const changed = await ctx.db
    .write(async (tx) => {
      const row = await redeemOneTimeToken(ctx, tx, "verify_email", token);
      if (!row || row.user_key === null || row.email === null) throw new AppError("TOKEN_INVALID");
      const former = await releaseEmail(ctx, tx, row.email, row.user_key);
      // Links that were mailed to the former address must not outlive it.
      await deleteMailedTokens(ctx, tx, row.user_key);
      const user = await updateUser(ctx, tx, row.user_key, { email: row.email, email_verified: true });
      if (!user) throw new AppError("TOKEN_INVALID");
      return [user, ...former];
    })
    .catch((error: unknown) => {
      // Only somebody who has verified it still holds it.
      throw isUniqueViolation(error) ? new AppError("EMAIL_TAKEN") : error;
    });
  for (const user of changed) ctx.publish.toUser(user.id, "me_updated", { user: wireMe(user) });
}
