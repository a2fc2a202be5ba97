import type { Actor, Context } from "../context.ts";
import { announceClosure, close } from "./leaving.ts";
import { lockRoom } from "./locked.ts";
import { demandRight, visibleRoom } from "./policy.ts";

/** Deletes a room, for everybody and for ever. Throws `ROOM_NOT_FOUND`, `FORBIDDEN` (also for the lobby). */
export async function deleteRoom(ctx: Context, actor: Actor, input: { room_id: string }): Promise<void> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const closure = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("delete_room", actor, room, mine?.role);
    return close(ctx, tx, room);
  });
  await announceClosure(ctx, closure);
}
