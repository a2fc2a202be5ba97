import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { rooms, type RoomEntry } from "../rooms/directory.ts";
import { membership, type Membership } from "../rooms/membership.ts";
import { memberRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { messageAnywhere } from "../timeline/find.ts";
import { seenMessage } from "./locked-message.ts";

/** A message, its room, and what the actor is there. */
export interface Place {
  row: StoredMessage;
  room: RoomEntry;
  membership: Membership | undefined;
}

/**
 * A message in a room that the actor may look at, by its id, though it be hidden from them: they know that there is one.
 * Throws `MESSAGE_NOT_FOUND`, and `FORBIDDEN` for a line of the system, which nobody changes.
 */
export async function placeOfMessage(ctx: Context, actor: Actor, id: string): Promise<Place> {
  const row = await messageAnywhere(ctx, id);
  const room = row && (await rooms(ctx).byKey(row.room_key));
  const mine = room && (await membership(ctx, room, actor.key));
  if (!row || !room || (room.type !== "public" && !mine)) throw new AppError("MESSAGE_NOT_FOUND");
  if (row.type === "system") throw new AppError("FORBIDDEN");
  return { row, room, membership: mine };
}

/**
 * One of the actor's own messages, in a room that they are in. Throws `MESSAGE_NOT_FOUND`, `FORBIDDEN` for those of others
 * and for lines of the system, `BANNED`.
 */
export async function ownMessage(ctx: Context, actor: Actor, id: string): Promise<Place & { membership: Membership }> {
  const { message: row, room } = await seenMessage(ctx, actor, id);
  if (row.sender_key !== actor.key || row.type === "system") throw new AppError("FORBIDDEN");
  return { row, ...(await memberRoom(ctx, actor, room.id)) };
}
