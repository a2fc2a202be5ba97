import type { RoomRole } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { wireTime } from "../platform/clock.ts";
import { knowPeople } from "./announce.ts";
import { demandWelcome } from "./ban.ts";
import { admit, announceEntry } from "./entering.ts";
import { lockRoom } from "./locked.ts";
import { visibleRoom } from "./policy.ts";
import { accountMadeAt } from "./list-store.ts";

/** What joining and leaving answer. */
export interface MembershipAnswer {
  room_id: string;
  joined_at: string;
  role: RoomRole;
}

export function membershipAnswer(roomId: string, row: { joined_at: number; role: RoomRole }): MembershipAnswer {
  return { room_id: roomId, joined_at: wireTime(row.joined_at), role: row.role };
}

/** Becomes a member of a public room; who is one already stays what they are. Throws `ROOM_NOT_FOUND`, `BANNED`, `ROOM_FULL`. */
export async function joinRoom(ctx: Context, actor: Actor, input: { room_id: string }): Promise<MembershipAnswer> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  if (entry.is_lobby) {
    return membershipAnswer(entry.id, { joined_at: await accountMadeAt(ctx, actor.key), role: "member" });
  }
  await knowPeople(ctx, entry, actor.key);
  const { mine, admission } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    if (mine) return { mine, admission: undefined };
    await demandWelcome(ctx, tx, room.key, actor.key);
    const line = { kind: "member_joined" as const, actorKey: actor.key };
    const admission = await admit(ctx, tx, room, [{ userKey: actor.key, role: "member" }], [line]);
    return { mine: admission.members[0], admission };
  });
  if (admission) await announceEntry(ctx, admission, { isHeard: true });
  if (!mine) throw new Error("somebody joined without becoming a member");
  return membershipAnswer(entry.id, mine);
}
