import { limits } from "../../protocol/limits.ts";
import { people } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom, type SystemDraft } from "../timeline/change-room.ts";
import { wireMessages } from "../timeline/wire.ts";
import { publishLines } from "./announce.ts";
import { rooms, type RoomRow } from "./directory.ts";
import { forgetMemberships } from "./membership.ts";
import { activeMemberKeys, deactivateMembers, updateMemberRow, updateRoomRow, type MemberRow } from "./store.ts";

/** Someone who is no longer a member. */
interface Departure {
  /** The room after they went. */
  room: RoomRow;
  rev: number;
  userKey: number;
  lines: StoredMessage[];
}

/** Ends a membership, inside the transaction that holds the room's lock. The row stays, so that others can learn it. */
export async function depart(
  ctx: Context,
  tx: Queries,
  room: RoomRow,
  member: MemberRow,
  draft: SystemDraft,
): Promise<Departure> {
  const lines = room.member_count - 1 <= limits.systemLineMembers ? [draft] : [];
  const change = await changeRoom(ctx, tx, room.key, { lines });
  await updateMemberRow(ctx, tx, member, { is_active: false, role: "member", rev: change.rev });
  const left = await updateRoomRow(ctx, tx, room.key, {}, -1);
  return { room: left, rev: change.rev, userKey: member.user_key, lines: change.lines };
}

/** Tells of a {@link Departure}, after the commit: who went still hears it, then their sockets leave the room. */
export async function announceDeparture(
  ctx: Context,
  { room, rev, userKey, lines }: Departure,
  reason: "left" | "kicked" | "banned",
): Promise<void> {
  forgetMemberships(ctx, room.key, [userKey]);
  ctx.happenings.emit("members_gone", { roomKey: room.key, userKeys: [userKey] });
  const person = await people(ctx).byKey(userKey);
  const wireLines = await wireMessages(ctx, room.id, lines);
  if (person && room.member_count <= limits.broadcastMembers) {
    ctx.publish.toRoom("user_left", { room_id: room.id, user_id: person.id, reason, rev });
  }
  ctx.publish.passOver(room.id, rev);
  publishLines(ctx, wireLines);
  if (person) ctx.publish.toUser(person.id, "room_removed", { room_id: room.id, reason });
}

/** A room that is no more; its messages are purged later, bit by bit. */
interface Closure {
  room: RoomRow;
  rev: number;
  memberKeys: number[];
}

/** Deletes a room, inside the transaction that holds its lock. */
export async function close(ctx: Context, tx: Queries, room: RoomRow): Promise<Closure> {
  const { rev } = await changeRoom(ctx, tx, room.key);
  const memberKeys = await activeMemberKeys(ctx, tx, room.key);
  await deactivateMembers(ctx, tx, room.key, rev);
  const closed = await updateRoomRow(ctx, tx, room.key, { deleted_at: ctx.clock.now() }, -memberKeys.length);
  return { room: closed, rev, memberKeys };
}

/** Tells of a {@link Closure}, after the commit. */
export async function announceClosure(ctx: Context, { room, rev, memberKeys }: Closure): Promise<void> {
  // Memberships are asked of rooms that exist: forgetting the room is enough, however many were in it.
  rooms(ctx).forget(room);
  ctx.happenings.emit("members_gone", { roomKey: room.key, userKeys: memberKeys });
  ctx.publish.toRoom("room_deleted", { room_id: room.id, rev });
  const persons = await people(ctx).byKeys(memberKeys);
  for (const { id } of persons.values()) {
    ctx.publish.toUser(id, "room_removed", { room_id: room.id, reason: "deleted" });
  }
  ctx.publish.emptyRoom(room.id, false);
}
