import { and, eq, isNull } from "drizzle-orm";
import type { z } from "zod";
import type { Me } from "../../protocol/models.ts";
import type { login as loginRequest } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Device } from "./device.ts";
import { wireMe } from "./me.ts";
import { issueCredentials, openSession, type IssuedCredentials } from "./open-session.ts";
import { passwordHashes } from "./password-hashes.ts";
import { failedSignInsFrom } from "./sign-in-limits.ts";
import { findUser, updateUser, type UserRow } from "./store.ts";

/**
 * Signs in by user name or address. An unknown name is answered like a wrong password, and takes as long. Throws
 * `INVALID_CREDENTIALS`, `ACCOUNT_DISABLED` (only to who knows the password), `RATE_LIMITED`, `UNAVAILABLE`.
 */
export async function login(
  ctx: Context,
  input: z.output<typeof loginRequest>,
  device: Device,
): Promise<{ user: Me; credentials: IssuedCredentials }> {
  const failures = failedSignInsFrom(ctx, device.address);
  await failures.demand();
  const hashes = passwordHashes(ctx);
  const user = await findNamed(ctx, input);
  // Counted when its turn comes and before it is looked at: a hundred guesses at once must not all be the first.
  const isRight = await hashes.verify(input.password, user?.password_hash, () => failures.take());
  if (!user || !isRight) throw new AppError("INVALID_CREDENTIALS");
  await failures.giveBack();
  if (user.disabled_at !== null) throw new AppError("ACCOUNT_DISABLED");
  const rehashed = hashes.isOutdated(user.password_hash) ? await hashes.hash(input.password) : user.password_hash;
  const { users } = ctx.db.tables;
  const { row, sessionId } = await ctx.db.write(async (tx) => {
    // The account may have been disabled or got another password while the hash was computed.
    const row = await updateUser(
      ctx,
      tx,
      user.key,
      { last_login_at: ctx.clock.now(), password_hash: rehashed },
      and(isNull(users.disabled_at), eq(users.password_hash, user.password_hash)),
    );
    if (!row) throw new AppError("INVALID_CREDENTIALS");
    return { row, sessionId: await openSession(ctx, tx, row.key, device) };
  });
  const signedIn = wireMe(row);
  ctx.publish.toUser(row.id, "me_updated", { user: signedIn });
  return { user: signedIn, credentials: await issueCredentials(ctx, { userId: row.id, sessionId, generation: 0 }) };
}

/** User names have no @, so whatever has one is an address, in either field. */
function findNamed(ctx: Context, { username, email }: { username?: string | undefined; email?: string | undefined }) {
  const name = (username ?? email ?? "").trim();
  const found: Promise<UserRow | undefined> =
    email !== undefined || name.includes("@") ? findUser.byEmail(ctx, name) : findUser.byUsername(ctx, name);
  return found;
}
