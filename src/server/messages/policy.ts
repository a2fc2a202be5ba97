import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { knownMemberRoom, memberRoom } from "../rooms/policy.ts";

/** The room, if the actor may write there now. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `MUTED`. */
export async function maySend(ctx: Context, actor: Actor, roomId: string): Promise<RoomEntry> {
  const { room, membership } = knownMemberRoom(ctx, actor, roomId) ?? (await memberRoom(ctx, actor, roomId));
  if (membership.muted_until !== null && membership.muted_until > ctx.clock.now()) throw new AppError("MUTED");
  return room;
}
