import { idPattern } from "../../protocol/text.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { noter } from "./noter.ts";
import { settledEverywhere } from "./settle.ts";
import { ownOf, unreadCounts, unreadOf } from "./store.ts";

/** Those of one's notifications, or all. One's devices hear of it. Throws `NOTIFICATION_NOT_FOUND`: then none is read. */
export async function readNotifications(
  ctx: Context,
  actor: Actor,
  input: { ids?: string[] | undefined; all?: true | undefined },
): Promise<{ unread_count: number }> {
  if (!ctx.bus.isAlone) await settledEverywhere(ctx);
  return noter(ctx).soon(async () => {
    if (input.ids) {
      const ids = [...new Set(input.ids)];
      // What is no id names none, and never reaches the database.
      const own = ids.every((id) => idPattern.test(id)) ? await ownOf(ctx, actor.key, ids) : [];
      if (own.length < ids.length) throw new AppError("NOTIFICATION_NOT_FOUND");
      await noter(ctx).markRead(own);
    } else {
      await noter(ctx).markRead(await unreadOf(ctx, actor.key), { all: true });
    }
    return { unread_count: (await unreadCounts(ctx, [actor.key])).get(actor.key) ?? 0 };
  });
}
