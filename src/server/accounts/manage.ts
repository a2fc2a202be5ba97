import type { SystemRole } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { isUniqueViolation } from "../platform/db/errors.ts";
import { announceEnded, announcePersonChanged, endSessions, notePersonChanged } from "./end-sessions.ts";
import { isReserved } from "./names.ts";
import { passwordHashes } from "./password-hashes.ts";
import { demandGoodPassword } from "./password-policy.ts";
import { demandFree, newUser } from "./register.ts";
import { deleteMailedTokens } from "./session-store.ts";
import { findUser, insertUser, listUsers, lobbySeq, updateUser, type UserRow } from "./store.ts";

/** What the operator does with accounts. A server that runs at the same time follows within a second. */

export interface Account {
  id: string;
  username: string;
  display_name: string;
  email: string | null;
  role: SystemRole;
  disabled: boolean;
  created_at_ms: number;
  last_login_at_ms: number | null;
}

const account = (row: UserRow): Account => ({
  id: row.id,
  username: row.username,
  display_name: row.display_name,
  email: row.email,
  role: row.role,
  disabled: row.disabled_at !== null,
  created_at_ms: row.created_at,
  last_login_at_ms: row.last_login_at,
});

/**
 * Makes an account whatever the registration mode; its address counts as verified. The input has the form that
 * `requests.register` demands. Throws `USERNAME_TAKEN`, `EMAIL_TAKEN`, `VALIDATION_ERROR`.
 */
export async function addUser(
  ctx: Context,
  input: { username: string; password: string; email?: string | undefined; role: SystemRole },
): Promise<Account> {
  const email = input.email?.toLowerCase() ?? null;
  demandGoodPassword(input.password, { username: input.username, email });
  if (isReserved(input.username)) throw new AppError("USERNAME_TAKEN");
  await demandFree(ctx, input.username, email);
  const passwordHash = await passwordHashes(ctx).hash(input.password);
  try {
    const row = await ctx.db.write(async (tx) =>
      insertUser(ctx, tx, {
        ...newUser(input.username, input.username, ctx.clock.now()),
        email,
        email_verified: email !== null,
        password_hash: passwordHash,
        role: input.role,
        gender: null,
        lobby_from_seq: await lobbySeq(ctx, tx),
        last_login_at: null,
      }),
    );
    return account(row);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    await demandFree(ctx, input.username, email);
    throw new AppError("USERNAME_TAKEN");
  }
}

/** All accounts, in the order they were made. */
export async function allUsers(ctx: Pick<Context, "db">): Promise<Account[]> {
  return (await listUsers(ctx)).map(account);
}

/** Disables an account, which signs it out everywhere, or enables it again. Throws `USER_NOT_FOUND`. */
export async function setDisabled(ctx: Context, username: string, isDisabled: boolean): Promise<Account> {
  const user = await named(ctx, username);
  const { row, ended } = await ctx.db.write(async (tx) => {
    const disabledAt = isDisabled ? (user.disabled_at ?? ctx.clock.now()) : null;
    const row = await updateUser(ctx, tx, user.key, { disabled_at: disabledAt });
    if (!row) throw new AppError("USER_NOT_FOUND");
    await notePersonChanged(ctx, tx, user.id);
    if (isDisabled) await deleteMailedTokens(ctx, tx, user.key);
    return { row, ended: isDisabled ? await endSessions(ctx, tx, user) : undefined };
  });
  announcePersonChanged(ctx, user.id);
  if (ended) announceEnded(ctx, ended);
  return account(row);
}

/** Gives an account a new password and signs it out everywhere. Throws `USER_NOT_FOUND`, `VALIDATION_ERROR`. */
export async function setPassword(ctx: Context, username: string, password: string): Promise<Account> {
  const user = await named(ctx, username);
  demandGoodPassword(password, user);
  const passwordHash = await passwordHashes(ctx).hash(password);
  const { row, ended } = await ctx.db.write(async (tx) => {
    const row = await updateUser(ctx, tx, user.key, { password_hash: passwordHash });
    if (!row) throw new AppError("USER_NOT_FOUND");
    await deleteMailedTokens(ctx, tx, user.key);
    return { row, ended: await endSessions(ctx, tx, user) };
  });
  announceEnded(ctx, ended);
  return account(row);
}

async function named(ctx: Pick<Context, "db">, username: string): Promise<UserRow> {
  const user = await findUser.byUsername(ctx, username);
  if (!user) throw new AppError("USER_NOT_FOUND");
  return user;
}
