import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { knowPeople } from "./announce.ts";
import { membershipAnswer, type MembershipAnswer } from "./join.ts";
import { announceClosure, announceDeparture, close, depart } from "./leaving.ts";
import { lockRoom } from "./locked.ts";
import { demand, ownsRoom, visibleRoom } from "./policy.ts";

/**
 * Ends one's membership and answers what it was. An owner who is alone takes the room with them. Throws
 * `ROOM_NOT_FOUND`, `FORBIDDEN` (the lobby, or no member), `OWNER_MUST_TRANSFER`.
 */
export async function leaveRoom(ctx: Context, actor: Actor, input: { room_id: string }): Promise<MembershipAnswer> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  demand(!entry.is_lobby);
  await knowPeople(ctx, entry, actor.key);
  const { mine, departure, closure } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    if (!mine) throw new AppError("FORBIDDEN");
    if (ownsRoom(mine.role)) {
      if (room.member_count > 1) throw new AppError("OWNER_MUST_TRANSFER");
      return { mine, closure: await close(ctx, tx, room), departure: undefined };
    }
    const line = { kind: "member_left" as const, actorKey: actor.key };
    return { mine, departure: await depart(ctx, tx, room, mine, line), closure: undefined };
  });
  if (departure) await announceDeparture(ctx, departure, "left");
  if (closure) await announceClosure(ctx, closure);
  return membershipAnswer(entry.id, mine);
}
