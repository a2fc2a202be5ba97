import type { z } from "zod";
import type { Language } from "../../protocol/languages.ts";
import type { Me } from "../../protocol/models.ts";
import type { register as registerRequest } from "../../protocol/requests.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { isUniqueViolation } from "../platform/db/errors.ts";
import type { Device } from "./device.ts";
import { defaultPrivacy, wireMe } from "./me.ts";
import { isReserved, nameColumns, usernameSkeleton } from "./names.ts";
import { findOneTimeToken, redeemOneTimeToken } from "./one-time-tokens.ts";
import { issueCredentials, openSession, type IssuedCredentials } from "./open-session.ts";
import { passwordHashes } from "./password-hashes.ts";
import { demandGoodPassword } from "./password-policy.ts";
import { deleteSetupTokens } from "./session-store.ts";
import { registrationsFrom } from "./sign-in-limits.ts";
import { consumeInvite, findUser, hasAdmin, insertUser, isInviteUsable, lobbySeq, type UserRow } from "./store.ts";
import { mailVerification } from "./verify-email.ts";

type Input = z.output<typeof registerRequest>;

export interface Registered {
  user: Me;
  credentials: IssuedCredentials;
}

/**
 * Makes an account and signs it in. The code of the set-up link makes it the first administrator, whatever the
 * registration mode. Throws `REGISTRATION_CLOSED`, `INVITE_REQUIRED`, `USERNAME_TAKEN`, `EMAIL_TAKEN`,
 * `VALIDATION_ERROR` (weak password), `RATE_LIMITED`, `UNAVAILABLE` (too many hashes wait).
 */
export async function register(
  ctx: Context,
  input: Input,
  { device, language }: { device: Device; language: Language },
): Promise<Registered> {
  const tally = registrationsFrom(ctx, device.address);
  await tally.demand();
  const admission = await admit(ctx, input.invite_code).catch(async (error: unknown) => {
    if (input.invite_code !== undefined) await tally.count(); // codes are not for guessing
    throw error;
  });
  const email = input.email?.toLowerCase() ?? null;
  demandGoodPassword(input.password, { username: input.username, email });
  if (isReserved(input.username)) throw new AppError("USERNAME_TAKEN");
  await demandFree(ctx, input.username, email).catch(async (error: unknown) => {
    // User names are public; that an address has an account is not for listing.
    if (error instanceof AppError && error.code === "EMAIL_TAKEN") await tally.count();
    throw error;
  });
  // Before the wait for the hash, or a burst would pass the limit together.
  await tally.take();
  const passwordHash = await passwordHashes(ctx).hash(input.password);
  const { row, sessionId } = await create(ctx, input, email, passwordHash, admission, device);
  if (email !== null) await mailVerification(ctx, row, email, language);
  const credentials = await issueCredentials(ctx, { userId: row.id, sessionId, generation: 0 });
  return { user: wireMe(row), credentials };
}

/** By which right somebody registers. */
type Admission = { by: "open" } | { by: "setup" | "invite"; code: string };

async function admit(ctx: Context, code: string | undefined): Promise<Admission> {
  if (code !== undefined && (await findOneTimeToken(ctx, "setup", code))) return { by: "setup", code };
  if (ctx.config.registration === "open") return { by: "open" };
  if (ctx.config.registration === "closed") throw new AppError("REGISTRATION_CLOSED");
  if (code === undefined || !(await isInviteUsable(ctx, code, ctx.clock.now()))) throw new AppError("INVITE_REQUIRED");
  return { by: "invite", code };
}

/** Throws `USERNAME_TAKEN` or `EMAIL_TAKEN`. */
export async function demandFree(ctx: Pick<Context, "db">, username: string, email: string | null): Promise<void> {
  if (await findUser.bySkeleton(ctx, usernameSkeleton(username))) throw new AppError("USERNAME_TAKEN");
  if (email !== null && (await findUser.byEmail(ctx, email))) throw new AppError("EMAIL_TAKEN");
}

/** No person has this key. */
const nobody = 0;

async function create(
  ctx: Context,
  input: Input,
  email: string | null,
  passwordHash: string,
  admission: Admission,
  device: Device,
): Promise<{ row: UserRow; sessionId: string }> {
  const now = ctx.clock.now();
  try {
    return await ctx.db.write(async (tx) => {
      if (admission.by === "invite" && !(await consumeInvite(ctx, tx, admission.code, now))) {
        throw new AppError("INVITE_REQUIRED");
      }
      if (admission.by === "setup") {
        // Several nodes have given links: of those who follow them at once, one is the first.
        await ctx.db.lockPeople(tx, [nobody]);
        const isFirst = await redeemOneTimeToken(ctx, tx, "setup", admission.code);
        if (!isFirst || (await hasAdmin(tx, ctx.db.tables))) throw new AppError("TOKEN_INVALID");
        await deleteSetupTokens(ctx, tx);
      }
      const row = await insertUser(ctx, tx, {
        ...newUser(input.username, input.display_name ?? input.username, now),
        email,
        password_hash: passwordHash,
        role: admission.by === "setup" ? "admin" : "user",
        gender: input.gender ?? null,
        lobby_from_seq: await lobbySeq(ctx, tx),
        last_login_at: now,
      });
      return { row, sessionId: await openSession(ctx, tx, row.key, device) };
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    // Somebody took a name while the password was hashed; now it can be seen which.
    await demandFree(ctx, input.username, email);
    throw new AppError("USERNAME_TAKEN");
  }
}

/** The columns of an account about which nobody has said anything yet. */
export function newUser(username: string, displayName: string, now: number) {
  return {
    id: Bun.randomUUIDv7(),
    ...nameColumns(username, displayName),
    email_verified: false,
    avatar_url: null,
    bio: "",
    status_text: "",
    privacy: JSON.stringify(defaultPrivacy),
    disabled_at: null,
    deleted_at: null,
    created_at: now,
  };
}
