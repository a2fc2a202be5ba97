import type { InvitePreview } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import { areApart } from "../blocks/blocked.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { knowPeople } from "./announce.ts";
import { demandWelcome } from "./ban.ts";
import { rooms, roomWithNumbers, type RoomEntry } from "./directory.ts";
import { admit, announceEntry } from "./entering.ts";
import { findInvite, useInvite, type RoomInviteRow } from "./invite-store.ts";
import { membershipAnswer, type MembershipAnswer } from "./join.ts";
import { activeMember } from "./locked.ts";
import { membership } from "./membership.ts";
import { roomByKey } from "./store.ts";

/** Nobody opens that many links; whoever guesses codes gets no further than this. */
const lookUpRate = { perSecond: 0.5, burst: 30 };

/** The link and its room, unless it opens nothing any more. */
async function lookUp(
  ctx: Context,
  actor: Actor,
  code: string,
): Promise<{ invite: RoomInviteRow; entry: RoomEntry; isOpen: boolean }> {
  await ctx.limits.demandOfAll("invite", actor.id, lookUpRate);
  const invite = await findInvite(ctx, ctx.db.read, code);
  const entry = invite && (await rooms(ctx).byKey(invite.room_key));
  const maker = invite && (await people(ctx).byKey(invite.created_by_key));
  if (!entry || !maker || maker.disabled || maker.deleted) throw new AppError("INVITE_NOT_FOUND");
  const isOver = invite.expires_at !== null && invite.expires_at <= ctx.clock.now();
  const isUsedUp = invite.max_uses !== null && invite.uses >= invite.max_uses;
  return { invite, entry, isOpen: !isOver && !isUsedUp };
}

/** What a link leads to, before one follows it. Throws `INVITE_NOT_FOUND`. */
export async function previewInvite(ctx: Context, actor: Actor, code: string): Promise<InvitePreview> {
  const { invite, entry, isOpen } = await lookUp(ctx, actor, code);
  const isMember = (await membership(ctx, entry, actor.key)) !== undefined;
  if (!isOpen && !isMember) throw new AppError("INVITE_NOT_FOUND");
  const maker = await people(ctx).byKey(invite.created_by_key);
  if (!maker) throw new AppError("INVITE_NOT_FOUND");
  const { id, name, description, avatar_url, member_count } = await roomWithNumbers(ctx, entry.key);
  return { room: { id, name, description, avatar_url, member_count }, created_by: userRef(maker), is_member: isMember };
}

/**
 * Joins by a link, a private room too; who is a member already stays what they are and takes no use of it. Throws
 * `INVITE_NOT_FOUND` (unknown, used up or expired), `BANNED`, `BLOCKED` (one and who made the link), `ROOM_FULL`.
 */
export async function acceptInvite(ctx: Context, actor: Actor, code: string): Promise<MembershipAnswer> {
  const { invite, entry } = await lookUp(ctx, actor, code);
  const isApart = await areApart(ctx, actor.key, invite.created_by_key);
  await knowPeople(ctx, entry, actor.key);
  const { mine, admission } = await ctx.db.write(async (tx) => {
    await ctx.db.lockRooms(tx, [entry.key]);
    const room = await roomByKey(ctx, tx, entry.key);
    if (!room) throw new AppError("INVITE_NOT_FOUND");
    const mine = await activeMember(ctx, tx, room.key, actor.key);
    if (mine) return { mine, admission: undefined };
    // Rolled back with all else when what follows refuses.
    if (!(await useInvite(ctx, tx, code))) throw new AppError("INVITE_NOT_FOUND");
    await demandWelcome(ctx, tx, room.key, actor.key);
    if (isApart) throw new AppError("BLOCKED");
    const line = { kind: "member_joined" as const, actorKey: actor.key };
    const admission = await admit(ctx, tx, room, [{ userKey: actor.key, role: "member" }], [line]);
    return { mine: admission.members[0], admission };
  });
  if (admission) await announceEntry(ctx, admission, { isHeard: true });
  if (!mine) throw new Error("somebody came in without becoming a member");
  return membershipAnswer(entry.id, mine);
}
