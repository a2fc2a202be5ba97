import { eq } from "drizzle-orm";
import type { z } from "zod";
import type { Me } from "../../protocol/models.ts";
import type { updateMe as updateMeRequest } from "../../protocol/requests.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { presentPerson } from "../presence/person.ts";
import { presence } from "../presence/presence.ts";
import { announcePersonChanged } from "./end-sessions.ts";
import { publicRef, storedPrivacy, wireMe } from "./me.ts";
import { folded } from "./names.ts";
import { findUser, updateUser, type NewUser, type UserRow } from "./store.ts";

type Input = z.output<typeof updateMeRequest>;

/** Changes one's own profile; what is not given stays. */
export async function updateMe(ctx: Context, actor: Actor, input: Input): Promise<Me> {
  for (;;) {
    const before = await findUser.byKey(ctx, actor.key);
    if (!before) throw new AppError("UNAUTHENTICATED");
    const change = changeOf(input, before);
    if (Object.keys(change).length === 0) return wireMe(before);
    // The choices of privacy are one column: those that another device sets at the same time must not be lost.
    const sameChoices = input.privacy && eq(ctx.db.tables.users.privacy, before.privacy);
    const after = await ctx.db.write((tx) => updateUser(ctx, tx, actor.key, change, sameChoices));
    if (!after) continue;
    announceProfile(ctx, before, after);
    return wireMe(after);
  }
}

function changeOf({ display_name, privacy, ...input }: Input, before: UserRow): Partial<NewUser> {
  const change: { [K in keyof NewUser]?: NewUser[K] | undefined } = {
    ...input,
    ...(display_name !== undefined && { display_name, display_name_lower: folded(display_name) }),
    ...(privacy && { privacy: JSON.stringify({ ...storedPrivacy(before), ...privacy }) }),
  };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** Tells one's own devices, and others when they see a difference. */
function announceProfile(ctx: Context, before: UserRow, after: UserRow): void {
  const isVisible = before.display_name !== after.display_name || before.avatar_url !== after.avatar_url;
  if (isVisible || before.privacy !== after.privacy) announcePersonChanged(ctx, after.id);
  if (isVisible) {
    ctx.publish.toAcquaintances(after.id, "user_updated", { user: publicRef(after) });
  }
  if (before.privacy !== after.privacy) presence(ctx).choose(after.key, presentPerson(after));
  ctx.publish.toUser(after.id, "me_updated", { user: wireMe(after) });
}
