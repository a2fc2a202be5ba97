import type { Me } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { presentPerson, type ChosenStatus } from "../presence/person.ts";
import { presence } from "../presence/presence.ts";
import { wireMe } from "./me.ts";
import { updateUser } from "./store.ts";

/** Chooses what one is seen as while one is connected, on whatever device. One's own devices hear of it. */
export async function setStatus(ctx: Context, actor: Actor, { status }: { status: ChosenStatus }): Promise<Me> {
  const row = await ctx.db.write((tx) => updateUser(ctx, tx, actor.key, { chosen_status: status }));
  if (!row) throw new AppError("UNAUTHENTICATED");
  const me = wireMe(row);
  presence(ctx).choose(actor.key, presentPerson(row));
  ctx.publish.toUser(actor.id, "me_updated", { user: me });
  return me;
}
