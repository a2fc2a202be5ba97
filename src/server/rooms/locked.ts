import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import type { RoomEntry, RoomRow } from "./directory.ts";
import { findMember, roomByKey, type MemberRow } from "./store.ts";

/** A room under its lock, and the actor's membership in it: what a verb decides by, whatever caches said before. */
interface LockedRoom {
  room: RoomRow;
  mine: MemberRow | undefined;
}

/**
 * Locks the room until the transaction ends. Throws `ROOM_NOT_FOUND` when it is gone or the actor may not see it, and
 * `FORBIDDEN` for a direct room: nobody joins it, leaves it, is put in or out, and it has no settings.
 */
export async function lockRoom(
  ctx: Context,
  tx: Queries,
  actor: Actor,
  { key }: Pick<RoomEntry, "key">,
): Promise<LockedRoom> {
  await ctx.db.lockRooms(tx, [key]);
  const room = await roomByKey(ctx, tx, key);
  const mine = await activeMember(ctx, tx, key, actor.key);
  if (!room || (room.type !== "public" && !mine)) throw new AppError("ROOM_NOT_FOUND");
  if (room.type === "direct") throw new AppError("FORBIDDEN");
  return { room, mine };
}

/** The membership, unless it has ended. */
export async function activeMember(
  ctx: Context,
  tx: Queries,
  roomKey: number,
  userKey: number,
): Promise<MemberRow | undefined> {
  const row = await findMember(ctx, tx, roomKey, userKey);
  return row?.is_active ? row : undefined;
}

/** Someone else's membership, as a verb names them. Throws `USER_NOT_FOUND`. */
export async function demandMember(
  ctx: Context,
  tx: Queries,
  roomKey: number,
  person: { key: number } | undefined,
): Promise<MemberRow> {
  const row = person && (await activeMember(ctx, tx, roomKey, person.key));
  if (!row) throw new AppError("USER_NOT_FOUND");
  return row;
}
