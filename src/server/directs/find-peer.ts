import { people, type Person } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";

/** Who a direct message is for, also an account that is gone. Throws `USER_NOT_FOUND`, and `VALIDATION_ERROR` for oneself. */
export async function findPeer(ctx: Context, actor: Actor, userId: string): Promise<Person> {
  if (userId === actor.id) throw invalid("receiver_id", "must be somebody else");
  const peer = await people(ctx).byId(userId);
  if (!peer) throw new AppError("USER_NOT_FOUND");
  return peer;
}
