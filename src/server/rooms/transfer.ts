import type { Room } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { wireMessages } from "../timeline/wire.ts";
import { knowPeople, publishLines } from "./announce.ts";
import { rooms } from "./directory.ts";
import { findPerson } from "./named-people.ts";
import { demandMember, lockRoom } from "./locked.ts";
import { forgetMemberships } from "./membership.ts";
import { demand, ownsRoom, visibleRoom } from "./policy.ts";
import { updateMemberRow, updateRoomRow } from "./store.ts";
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
  const { room, former, owner, change } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demand(ownsRoom(mine?.role));
    if (!mine || !target || target.disabled || target.deleted) throw new AppError("USER_NOT_FOUND");
    if (target.key === actor.key) throw invalid("user_id", "must be somebody else");
    const member = await demandMember(ctx, tx, room.key, target);
    const line = { kind: "owner_changed" as const, actorKey: actor.key, targetKey: member.user_key };
    const change = await changeRoom(ctx, tx, room.key, { lines: [line] });
    return {
      change,
      former: await updateMemberRow(ctx, tx, mine, { role: "admin", rev: change.rev }),
      owner: await updateMemberRow(ctx, tx, member, { role: "owner", rev: change.rev }),
      room: await updateRoomRow(ctx, tx, room.key, { owner_key: member.user_key, settings_rev: change.rev }),
    };
  });
  rooms(ctx).forget(room);
  forgetMemberships(ctx, room.key, [former.user_key, owner.user_key]);
  const persons = await people(ctx).byKeys([former.user_key, owner.user_key]);
  const lines = await wireMessages(ctx, room.id, change.lines);
  const wire = await wireRoom(ctx, room);
  for (const row of [owner, former]) {
    const person = persons.get(row.user_key);
    if (!person) continue;
    ctx.publish.toRoom("member_updated", { room_id: room.id, member: wireMember(person, row), rev: change.rev });
  }
  ctx.publish.toRoom("room_updated", { room_id: room.id, room: wire, rev: change.rev });
  publishLines(ctx, lines);
  return wire;
}
