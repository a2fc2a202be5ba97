import type { User } from "../../protocol/models.ts";
import { usersByKey } from "../accounts/find-people.ts";
import type { Actor, Context, Viewer } from "../context.ts";
import { eyesOf } from "../presence/eyes.ts";
import { presence } from "../presence/presence.ts";
import type { RoomEntry } from "./directory.ts";
import { memberKeys } from "./list-store.ts";
import { visibleRoom } from "./policy.ts";

interface ListOnlineInput {
  room_id?: string | undefined;
  page: number;
  per_page: number;
}

/**
 * A page of those who are there, in the room or at all, in the order of their accounts: as far as one sees them, oneself
 * among them. Throws `ROOM_NOT_FOUND`.
 */
export async function listOnline(
  ctx: Context,
  actor: Actor,
  { room_id, page, per_page }: ListOnlineInput,
): Promise<{ users: User[]; total: number }> {
  const room = room_id === undefined ? undefined : await visibleRoom(ctx, actor, room_id);
  const keys = room ? await onlineIn(ctx, actor, room) : await onlineToAll(ctx, actor);
  keys.sort((a, b) => a - b);
  return {
    users: await usersByKey(ctx, actor, keys.slice((page - 1) * per_page, page * per_page)),
    total: keys.length,
  };
}

/** Who of a room's members is there. */
export async function onlineIn(
  ctx: Context,
  viewer: Viewer,
  room: Pick<RoomEntry, "key" | "is_lobby">,
): Promise<number[]> {
  if (room.is_lobby) return onlineToAll(ctx, viewer);
  const keys = await memberKeys(ctx, room.key);
  const eyes = await eyesOf(ctx, viewer);
  return keys.filter((key) => isThere(eyes.status(key)));
}

async function onlineToAll(ctx: Context, viewer: Viewer): Promise<number[]> {
  const eyes = await eyesOf(ctx, viewer);
  return [...presence(ctx).visible()].map(({ key }) => key).filter((key) => isThere(eyes.status(key)));
}

/** One is not there for oneself either while one is invisible: everybody counts the same. */
function isThere(status: User["status"]): boolean {
  return status !== "offline" && status !== "invisible";
}
