import { randomBytes } from "node:crypto";
import { perContext, type Actor, type Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { isUniqueViolation } from "../platform/db/errors.ts";
import { confirmPassword } from "./confirm-password.ts";
import { announceEnded, announcePersonChanged, endSessions, notePersonChanged } from "./end-sessions.ts";
import { defaultPrivacy, publicRef } from "./me.ts";
import { nameColumns } from "./names.ts";
import { deleteTokensOf } from "./session-store.ts";
import { ownsRoomWithOthers, updateUser } from "./store.ts";

/** What stands beside the messages of an account that is gone. Clients word it themselves by the user name. */
const deletedName = "Deleted account";

type Listener = (former: Actor) => Promise<void>;

/** What other capabilities do when an account is gone (leave its rooms …): told after the commit. */
const listeners = perContext(() => new Set<Listener>());

/** Has `listener` told of every account that is deleted, once its sessions have ended and its name is gone. */
export function onAccountDeleted(ctx: Context, listener: Listener): void {
  listeners(ctx).add(listener);
}

/**
 * Deletes one's own account: what one wrote stays, under no name. Throws `INVALID_CREDENTIALS`, and
 * `OWNER_MUST_TRANSFER` while one owns a room with other members.
 */
export async function deleteMe(ctx: Context, actor: Actor, password: string): Promise<void> {
  await confirmPassword(ctx, actor, password);
  const { row, ended } = await nameless(() => erase(ctx, actor));
  announcePersonChanged(ctx, row.id);
  announceEnded(ctx, ended);
  ctx.publish.toAcquaintances(row.id, "user_updated", { user: publicRef(row) });
  // What goes wrong here is logged: the account is gone either way.
  for (const listener of listeners(ctx)) await ctx.jobs.run(`after the deletion of ${row.id}`, () => listener(actor));
}

function erase(ctx: Context, actor: Actor) {
  return ctx.db.write(async (tx) => {
    if (await ownsRoomWithOthers(ctx, tx, actor.key)) throw new AppError("OWNER_MUST_TRANSFER");
    const ended = await endSessions(ctx, tx, actor);
    await deleteTokensOf(ctx, tx, actor.key);
    await notePersonChanged(ctx, tx, actor.id);
    const row = await updateUser(ctx, tx, actor.key, {
      ...nameColumns(`deleted-${randomBytes(4).toString("hex")}`, deletedName),
      email: null,
      email_verified: false,
      password_hash: "",
      role: "user",
      avatar_url: null,
      bio: "",
      status_text: "",
      gender: null,
      privacy: JSON.stringify(defaultPrivacy),
      last_login_at: null,
      deleted_at: ctx.clock.now(),
    });
    if (!row) throw new AppError("UNAUTHENTICATED");
    return { row, ended };
  });
}

/** Once more when the random name was taken, which one in four thousand million is. */
async function nameless<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    return work();
  }
}
