import type { Room } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { wireMessages } from "../timeline/wire.ts";
import { knowPeople, publishLines } from "./announce.ts";
import { rooms, type RoomRow } from "./directory.ts";
import { demandMember, lockRoom } from "./locked.ts";
import { forgetMemberships } from "./membership.ts";
import { findPerson } from "./named-people.ts";
import { demandRight, visibleRoom } from "./policy.ts";
import { updateMemberRow, updateRoomRow, type MemberRow } from "./store.ts";
import { wireMember, wireRoom } from "./wire.ts";

export interface TransferRoomInput {
  room_id: string;
  user_id: string;
}

/**
 * Hands the room to one of its members; the former owner becomes an admin. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`,
 * `USER_NOT_FOUND`, `VALIDATION_ERROR` (oneself).
 */
export async function transferRoom(ctx: Context, actor: Actor, input: TransferRoomInput): Promise<Room> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const target = await findPerson(ctx, input.user_id);
  await knowPeople(ctx, entry, actor.key);
  const handover = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("transfer", actor, room, mine?.role);
    if (!mine || !target || target.disabled || target.deleted) throw new AppError("USER_NOT_FOUND");
    if (target.key === actor.key) throw invalid("user_id", "must be somebody else");
    return handOver(ctx, tx, room, mine, await demandMember(ctx, tx, room.key, target));
  });
  return announceHandover(ctx, handover);
}

/** A room that has changed hands. */
interface Handover {
  room: RoomRow;
  rev: number;
  owner: MemberRow;
  former: MemberRow;
  lines: StoredMessage[];
}

/** Changes the owner, inside the transaction that holds the room's lock. */
export async function handOver(
  ctx: Context,
  tx: Queries,
  room: RoomRow,
  from: MemberRow,
  to: MemberRow,
): Promise<Handover> {
  const line = { kind: "owner_changed" as const, actorKey: from.user_key, targetKey: to.user_key };
  const { rev, lines } = await changeRoom(ctx, tx, room.key, { lines: [line] });
  return {
    rev,
    lines,
    former: await updateMemberRow(ctx, tx, from, { role: "admin", rev }),
    owner: await updateMemberRow(ctx, tx, to, { role: "owner", rev }),
    room: await updateRoomRow(ctx, tx, room.key, { owner_key: to.user_key, settings_rev: rev }),
  };
}

/** Tells of a {@link Handover}, after the commit. */
export async function announceHandover(ctx: Context, { room, rev, owner, former, lines }: Handover): Promise<Room> {
  rooms(ctx).forget(room);
  forgetMemberships(ctx, room.key, [former.user_key, owner.user_key]);
  const persons = await people(ctx).byKeys([former.user_key, owner.user_key]);
  const wireLines = await wireMessages(ctx, room.id, lines);
  const wire = await wireRoom(ctx, room);
  for (const row of [owner, former]) {
    const person = persons.get(row.user_key);
    if (!person) continue;
    ctx.publish.toRoom("member_updated", { room_id: room.id, member: wireMember(person, row), rev });
  }
  ctx.publish.toRoom("room_updated", { room_id: room.id, room: wire, rev });
  publishLines(ctx, wireLines);
  return wire;
}
