import { limits } from "../../protocol/limits.ts";
import type { Context } from "../context.ts";
import { nextTurn } from "../platform/turn.ts";
import { noter } from "./noter.ts";
import { beyond, oldest, remove } from "./store.ts";
import { noteTold, takeTold } from "./told.ts";

const dayMs = 86_400_000;
const rowsPerStep = 500;

/** Removes what is older than `limits.notificationDays`. */
export async function removeOld(ctx: Context): Promise<void> {
  const before = ctx.clock.now() - limits.notificationDays * dayMs;
  for (;;) {
    const rows = await oldest(ctx, rowsPerStep);
    const old = rows.filter(({ createdAt }) => createdAt < before).map(({ key }) => key);
    if (old.length > 0) await noter(ctx).soon(() => remove(ctx, old));
    if (old.length < rowsPerStep) break;
    await nextTurn();
  }
}

/** Removes what people have beyond `limits.notificationsKept`, of those whom this node has told something. */
export async function removeBeyond(ctx: Context): Promise<void> {
  for (const userKey of takeTold(ctx)) {
    const keys = await beyond(ctx, userKey, limits.notificationsKept, rowsPerStep);
    if (keys.length > 0) await noter(ctx).soon(() => remove(ctx, keys));
    if (keys.length === rowsPerStep) noteTold(ctx, userKey);
    await nextTurn();
  }
}
