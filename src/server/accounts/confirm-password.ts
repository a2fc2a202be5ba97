import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { passwordHashes } from "./password-hashes.ts";
import { failedConfirmationsOf } from "./sign-in-limits.ts";
import { findUser, type UserRow } from "./store.ts";

/**
 * Makes sure that it is the person themself who sits at an open session. Throws `INVALID_CREDENTIALS`, and
 * `RATE_LIMITED` after ten wrong ones in a minute.
 */
export async function confirmPassword(ctx: Context, actor: Actor, password: string): Promise<UserRow> {
  const failures = failedConfirmationsOf(ctx, actor.id);
  await failures.demand();
  const user = await findUser.byKey(ctx, actor.key);
  if (!user) throw new AppError("UNAUTHENTICATED");
  const isRight = await passwordHashes(ctx).verify(password, user.password_hash, () => failures.take());
  if (!isRight) throw new AppError("INVALID_CREDENTIALS");
  await failures.giveBack();
  return user;
}
