import type { Member } from "../../protocol/models.ts";
import { mayReach } from "../../protocol/rights.ts";
import type { Person } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Queries } from "../platform/db/database.ts";
import { changeRoom, type SystemDraft } from "../timeline/change-room.ts";
import { lobbyPositions } from "../timeline/positions.ts";
import { wireMessages } from "../timeline/wire.ts";
import { knowPeople, publishLines } from "./announce.ts";
import type { RoomEntry, RoomRow } from "./directory.ts";
import { accountMadeAt } from "./list-store.ts";
import { activeMember, demandMember, lockRoom } from "./locked.ts";
import { forgetLobbyExceptions, forgetMemberships } from "./membership.ts";
import { muteInLobby } from "./moderation-store.ts";
import { findPerson } from "./named-people.ts";
import { demand, demandRight, ownsRoom, standingIn, visibleRoom } from "./policy.ts";
import { updateMemberRow, type MemberRow } from "./store.ts";
import { wireMember } from "./wire.ts";

export interface ChangeMemberInput {
  room_id: string;
  user_id: string;
  role?: "admin" | "member" | undefined;
  /** RFC 3339; null ends it. */
  muted_until?: string | null | undefined;
}

/** A member without a row of their own: of the lobby. */
export type LobbyMember = Pick<MemberRow, "room_key" | "user_key" | "role" | "muted_until" | "joined_at" | "read_seq">;

/**
 * Makes a member an admin, or an admin a member (its owner), and mutes a member or gives them their voice back (the owner,
 * admins and moderators; in the lobby moderators). What is as asked already is no change. Throws `ROOM_NOT_FOUND`,
 * `FORBIDDEN`, `USER_NOT_FOUND`, `VALIDATION_ERROR` (a time that has passed), and `OWNER_MUST_TRANSFER` to an owner who
 * would give up their own role so.
 */
export async function changeMember(ctx: Context, actor: Actor, input: ChangeMemberInput): Promise<Member> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const target = await findPerson(ctx, input.user_id);
  const fresh = entry.is_lobby && target ? await lobbyMember(ctx, entry, target) : undefined;
  await knowPeople(ctx, entry, actor.key, ...(target ? [target.key] : []));
  const { member, change } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    if (input.role !== undefined) demandRight("change_roles", actor, room, mine?.role);
    if (input.muted_until !== undefined) demandRight("mute", actor, room, mine?.role);
    const member = await lockedMember(ctx, tx, room, target, fresh);
    if (input.role !== undefined && ownsRoom(member.role)) throw new AppError("OWNER_MUST_TRANSFER");
    if (input.muted_until !== undefined) {
      const role = room.is_lobby ? null : member.role;
      const isReached = mayReach("mute", standingIn(actor, room, mine?.role), { role, system: target?.role ?? "user" });
      demand(isReached && member.user_key !== actor.key);
    }
    const { values, lines } = differences(ctx, member, input, actor.key);
    if (lines.length === 0) return { member, change: undefined };
    const change = await changeRoom(ctx, tx, room.key, { lines });
    const { rev } = change;
    const changed = room.is_lobby
      ? await muteInLobby(ctx, tx, { ...inRow(member), ...values, rev })
      : await updateMemberRow(ctx, tx, member, { ...values, rev });
    return { member: { ...changed, joined_at: member.joined_at }, change };
  });
  if (!target) throw new AppError("USER_NOT_FOUND");
  const wire = wireMember(target, member);
  if (!change) return wire;
  if (entry.is_lobby) forgetLobbyExceptions(ctx, entry);
  else forgetMemberships(ctx, entry.key, [member.user_key]);
  const lines = await wireMessages(ctx, entry.id, change.lines);
  ctx.publish.toRoom("member_updated", { room_id: entry.id, member: wire, rev: change.rev });
  publishLines(ctx, lines);
  return wire;
}

/** What somebody is in the lobby before anything has to be remembered of them there. */
export async function lobbyMember(ctx: Context, lobby: RoomEntry, { key }: Person): Promise<LobbyMember> {
  const [read_seq = 0] = (await lobbyPositions(ctx, [key])).values();
  const joined_at = await accountMadeAt(ctx, key);
  return { room_key: lobby.key, user_key: key, role: "member", muted_until: null, joined_at, read_seq };
}

/** The member as they are now, under the room's lock. Throws `USER_NOT_FOUND`. */
async function lockedMember(
  ctx: Context,
  tx: Queries,
  room: RoomRow,
  target: Person | undefined,
  fresh: LobbyMember | undefined,
): Promise<LobbyMember> {
  if (!fresh || !target) return demandMember(ctx, tx, room.key, target);
  if (target.disabled || target.deleted) throw new AppError("USER_NOT_FOUND");
  const row = await activeMember(ctx, tx, room.key, target.key);
  return { ...fresh, muted_until: row?.muted_until ?? null };
}

function inRow({ room_key, user_key, muted_until, joined_at, read_seq }: LobbyMember) {
  return { room_key, user_key, muted_until, joined_at, read_seq };
}

function differences(
  ctx: Context,
  member: LobbyMember,
  { role, muted_until }: ChangeMemberInput,
  actorKey: number,
): { values: Partial<Pick<MemberRow, "role" | "muted_until">>; lines: SystemDraft[] } {
  const values: Partial<Pick<MemberRow, "role" | "muted_until">> = {};
  const lines: SystemDraft[] = [];
  const targetKey = member.user_key;
  if (role !== undefined && role !== member.role) {
    values.role = role;
    lines.push({ kind: "role_changed", actorKey, targetKey, value: role });
  }
  const now = ctx.clock.now();
  const until = muted_until == null ? null : Date.parse(muted_until);
  if (until !== null && until <= now) throw invalid("muted_until", "must be in the future");
  const isMuted = member.muted_until !== null && member.muted_until > now;
  if (muted_until !== undefined && (until === null ? isMuted : until !== member.muted_until)) {
    values.muted_until = until;
    const kind = until === null ? "member_unmuted" : "member_muted";
    lines.push({ kind, actorKey, targetKey, ...(until !== null && { value: wireTime(until) }) });
  }
  return { values, lines };
}
