import { eq } from "drizzle-orm";
import type { z } from "zod";
import type { changePassword as changePasswordRequest } from "../../protocol/requests.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { confirmPassword } from "./confirm-password.ts";
import { announceEnded, endSessions } from "./end-sessions.ts";
import { passwordHashes } from "./password-hashes.ts";
import { demandGoodPassword } from "./password-policy.ts";
import { deleteMailedTokens } from "./session-store.ts";
import { updateUser } from "./store.ts";

/**
 * Gives oneself a new password; all other sessions end. Throws `INVALID_CREDENTIALS` (the old one is wrong),
 * `VALIDATION_ERROR` (the new one is weak), `CONFLICT` (it was changed at the same time elsewhere).
 */
export async function changePassword(
  ctx: Context,
  actor: Actor,
  input: z.output<typeof changePasswordRequest>,
): Promise<void> {
  const user = await confirmPassword(ctx, actor, input.old_password);
  demandGoodPassword(input.new_password, user, "new_password");
  const passwordHash = await passwordHashes(ctx).hash(input.new_password);
  const ended = await ctx.db.write(async (tx) => {
    const unchanged = eq(ctx.db.tables.users.password_hash, user.password_hash);
    if (!(await updateUser(ctx, tx, user.key, { password_hash: passwordHash }, unchanged))) {
      throw new AppError("CONFLICT");
    }
    await deleteMailedTokens(ctx, tx, user.key, "reset_password");
    return endSessions(ctx, tx, actor, { except: actor.sessionId });
  });
  announceEnded(ctx, ended);
}
