import type { RoomRole } from "../../protocol/models.ts";
import { mayIn, type RoomRightName, type Standing } from "../../protocol/rights.ts";
import type { Actor, Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { rooms, type RoomEntry } from "./directory.ts";
import { isBannedFrom, knownMembership, membership, type Membership } from "./membership.ts";

/**
 * Who may do what in a room, by the table of `protocol/rights`. A room that one may not see is answered exactly as one that
 * does not exist.
 */

/** The room, when the viewer may look at it; else `ROOM_NOT_FOUND`. Guests may look at public rooms. */
export async function visibleRoom(ctx: Context, viewer: Viewer, roomId: string): Promise<RoomEntry> {
  const room = await rooms(ctx).byId(roomId);
  if (!room) throw new AppError("ROOM_NOT_FOUND");
  if (room.type === "public") return room;
  if (viewer && (await membership(ctx, room, viewer.key))) return room;
  throw new AppError("ROOM_NOT_FOUND");
}

/**
 * The room and what the actor is in it; to who sees it without being a member `BANNED` or `FORBIDDEN`, else
 * `ROOM_NOT_FOUND`. Whoever is banned from the lobby reads there and does nothing else.
 */
export async function memberRoom(
  ctx: Context,
  actor: Actor,
  roomId: string,
): Promise<{ room: RoomEntry; membership: Membership }> {
  const room = await visibleRoom(ctx, actor, roomId);
  const mine = await membership(ctx, room, actor.key);
  if ((!mine || room.is_lobby) && (await isBannedFrom(ctx, room, actor.key))) throw new AppError("BANNED");
  if (!mine) throw new AppError("FORBIDDEN");
  return { room, membership: mine };
}

/** {@link memberRoom} if all of it is remembered, without a promise: every message asks. `undefined` says nothing. */
export function knownMemberRoom(
  ctx: Context,
  actor: Actor,
  roomId: string,
): { room: RoomEntry; membership: Membership } | undefined {
  const room = rooms(ctx).known(roomId);
  const mine = room && knownMembership(ctx, room, actor.key);
  return room && mine && { room, membership: mine };
}

/** What the rights table asks of an actor in a room. */
export function standingIn(
  actor: Actor,
  { type, is_lobby }: Pick<RoomEntry, "type" | "is_lobby">,
  role: RoomRole | undefined,
): Standing {
  return { room: { type, is_lobby }, system: actor.role, role: role ?? null };
}

/** Refuses with `FORBIDDEN` who has not this right in the room. Their voice is asked for elsewhere (`demandVoice`). */
export function demandRight(
  right: RoomRightName,
  actor: Actor,
  room: Pick<RoomEntry, "type" | "is_lobby">,
  role: RoomRole | undefined,
): void {
  demand(mayIn(right, standingIn(actor, room, role)));
}

/** Refuses with `FORBIDDEN` unless `allowed`. */
export function demand(allowed: boolean): void {
  if (!allowed) throw new AppError("FORBIDDEN");
}

/** Handing the room over and leaving it are other things for its owner. */
export function ownsRoom(role: RoomRole | undefined): boolean {
  return role === "owner";
}

/** Whether the actor runs a room that they see and that is not a direct one. */
export function mayModerate(actor: Actor, role: RoomRole | undefined): boolean {
  return mayIn("delete_any", standingIn(actor, { type: "public", is_lobby: false }, role));
}
