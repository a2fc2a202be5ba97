import type { RoomRole } from "../../protocol/models.ts";
import type { Actor, Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { rooms, type RoomEntry } from "./directory.ts";
import { knownMembership, membership, type Membership } from "./membership.ts";

/**
 * Who may do what in a room (CONTRACT, Who may do what). System administrators and moderators act in every public room
 * and in the private ones they are in; a room that one may not see is answered exactly as one that does not exist.
 */

/** The room, when the viewer may look at it; else `ROOM_NOT_FOUND`. Guests may look at public rooms. */
export async function visibleRoom(ctx: Context, viewer: Viewer, roomId: string): Promise<RoomEntry> {
  const room = await rooms(ctx).byId(roomId);
  if (!room) throw new AppError("ROOM_NOT_FOUND");
  if (room.type === "public") return room;
  if (viewer && (await membership(ctx, room, viewer.key))) return room;
  throw new AppError("ROOM_NOT_FOUND");
}

/** The room and what the actor is in it; `FORBIDDEN` to who sees it without being a member, else `ROOM_NOT_FOUND`. */
export async function memberRoom(
  ctx: Context,
  actor: Actor,
  roomId: string,
): Promise<{ room: RoomEntry; membership: Membership }> {
  const room = await visibleRoom(ctx, actor, roomId);
  const mine = await membership(ctx, room, actor.key);
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

/** By their system role somebody acts in every room they see. */
export function isModerator(actor: Actor): boolean {
  return actor.role !== "user";
}

function runs(role: RoomRole | undefined): boolean {
  return role === "owner" || role === "admin";
}

/** Mute, add and kick members, delete anybody's message. */
export function mayModerate(actor: Actor, role: RoomRole | undefined): boolean {
  return runs(role) || isModerator(actor);
}

/** Name, description, kind and limits. An admin may everything but delete and transfer. */
export function mayChangeSettings(actor: Actor, role: RoomRole | undefined): boolean {
  return runs(role) || isModerator(actor);
}

/** The owner is never put out, an admin only by the owner or a moderator of the system. */
export function mayRemove(actor: Actor, role: RoomRole | undefined, target: RoomRole): boolean {
  if (target === "owner") return false;
  if (role === "owner" || isModerator(actor)) return true;
  return role === "admin" && target === "member";
}

export function mayDelete(actor: Actor, role: RoomRole | undefined): boolean {
  return role === "owner" || isModerator(actor);
}

/** Promoting, demoting and handing the room over belong to the owner alone. */
export function ownsRoom(role: RoomRole | undefined): boolean {
  return role === "owner";
}

/** Refuses with `FORBIDDEN` unless `allowed`. */
export function demand(allowed: boolean): void {
  if (!allowed) throw new AppError("FORBIDDEN");
}
