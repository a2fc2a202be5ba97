import type { Member } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { wireMessages } from "../timeline/wire.ts";
import { knowPeople, publishLines } from "./announce.ts";
import { forgetMemberships } from "./membership.ts";
import { findPerson } from "./named-people.ts";
import { demandMember, lockRoom } from "./locked.ts";
import { demand, ownsRoom, visibleRoom } from "./policy.ts";
import { updateMemberRow } from "./store.ts";
import { wireMember } from "./wire.ts";

export interface ChangeRoleInput {
  room_id: string;
  user_id: string;
  role: "admin" | "member";
}

/**
 * The owner makes a member an admin, or an admin a member. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `USER_NOT_FOUND`, and
 * `OWNER_MUST_TRANSFER` to an owner who would give up their own role so.
 */
export async function changeRole(ctx: Context, actor: Actor, input: ChangeRoleInput): Promise<Member> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const target = await findPerson(ctx, input.user_id);
  await knowPeople(ctx, entry, actor.key);
  const { member, change } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demand(ownsRoom(mine?.role));
    const member = await demandMember(ctx, tx, room.key, target);
    if (ownsRoom(member.role)) throw new AppError("OWNER_MUST_TRANSFER");
    if (member.role === input.role) return { member, change: undefined };
    const line = {
      kind: "role_changed" as const,
      actorKey: actor.key,
      targetKey: member.user_key,
      value: input.role,
    };
    const change = await changeRoom(ctx, tx, room.key, { lines: [line] });
    return { member: await updateMemberRow(ctx, tx, member, { role: input.role, rev: change.rev }), change };
  });
  if (!target) throw new AppError("USER_NOT_FOUND");
  const wire = wireMember(target, member);
  if (!change) return wire;
  forgetMemberships(ctx, entry.key, [member.user_key]);
  const lines = await wireMessages(ctx, entry.id, change.lines);
  ctx.publish.toRoom("member_updated", { room_id: entry.id, member: wire, rev: change.rev });
  publishLines(ctx, lines);
  return wire;
}
