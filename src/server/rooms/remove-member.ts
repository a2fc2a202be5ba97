import { mayReach } from "../../protocol/rights.ts";
import type { Actor, Context } from "../context.ts";
import { knowPeople } from "./announce.ts";
import { announceDeparture, depart } from "./leaving.ts";
import { findPerson } from "./named-people.ts";
import { demandMember, lockRoom } from "./locked.ts";
import { demand, demandRight, standingIn, visibleRoom } from "./policy.ts";

export interface RemoveMemberInput {
  room_id: string;
  user_id: string;
}

/** Puts somebody out. Oneself one does not kick but leave. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `USER_NOT_FOUND`. */
export async function removeMember(ctx: Context, actor: Actor, input: RemoveMemberInput): Promise<void> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const target = await findPerson(ctx, input.user_id);
  await knowPeople(ctx, entry, actor.key);
  const departure = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("kick", actor, room, mine?.role);
    const member = await demandMember(ctx, tx, room.key, target);
    const whom = { role: member.role, system: target?.role ?? "user" };
    demand(member.user_key !== actor.key && mayReach("kick", standingIn(actor, room, mine?.role), whom));
    const line = { kind: "member_kicked" as const, actorKey: actor.key, targetKey: member.user_key };
    return depart(ctx, tx, room, member, line);
  });
  await announceDeparture(ctx, departure, "kicked");
}
