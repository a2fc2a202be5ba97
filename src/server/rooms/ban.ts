import type { Ban } from "../../protocol/models.ts";
import { mayReach } from "../../protocol/rights.ts";
import { people, userRef, type Person } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { wireMessages } from "../timeline/wire.ts";
import { knowPeople, publishLines } from "./announce.ts";
import { lobbyMember, type LobbyMember } from "./change-member.ts";
import type { RoomEntry, RoomRow } from "./directory.ts";
import { deleteInvitesOf } from "./invite-store.ts";
import { announceDeparture, depart } from "./leaving.ts";
import { activeMember, lockRoom } from "./locked.ts";
import { forgetLobbyExceptions, forgetMemberships } from "./membership.ts";
import { activeBan, banPage, deleteBan, muteInLobby, putBan, requestPurge, type BanRow } from "./moderation-store.ts";
import { findPerson } from "./named-people.ts";
import { demand, demandRight, standingIn, visibleRoom } from "./policy.ts";
import type { MemberRow } from "./store.ts";
import { wireMember } from "./wire.ts";

export interface BanMemberInput {
  room_id: string;
  user_id: string;
  reason?: string | undefined;
  /** RFC 3339; absent or null: for good. */
  until?: string | null | undefined;
  /** Delete what they wrote in the room. */
  purge?: boolean | undefined;
}

/**
 * Until when somebody is muted who is banned from the lobby for good. Nobody is put out there: a ban lets them read and
 * nothing else, and that they have no voice is told as of anybody muted.
 */
const forGood = Date.parse("9999-12-31T23:59:59.000Z");

/**
 * Puts somebody out, if they are in, and keeps them out; who is banned already is so anew, as said now. Links into the room
 * that they made open no more. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `USER_NOT_FOUND`, `VALIDATION_ERROR` (a time that has
 * passed).
 */
export async function banMember(ctx: Context, actor: Actor, input: BanMemberInput): Promise<Ban> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const target = await findPerson(ctx, input.user_id);
  const inLobby = entry.is_lobby && target ? await lobbyMember(ctx, entry, target) : undefined;
  await knowPeople(ctx, entry, actor.key, ...(target ? [target.key] : []));
  const { ban, person, departure, silence } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("ban", actor, room, mine?.role);
    if (!target || target.deleted) throw new AppError("USER_NOT_FOUND");
    const member = await activeMember(ctx, tx, room.key, target.key);
    const role = room.is_lobby ? null : (member?.role ?? null);
    const isReached = mayReach("ban", standingIn(actor, room, mine?.role), { role, system: target.role });
    demand(isReached && target.key !== actor.key);
    const until = input.until == null ? null : Date.parse(input.until);
    if (until !== null && until <= ctx.clock.now()) throw invalid("until", "must be in the future");
    const ban: BanRow = {
      room_key: room.key,
      user_key: target.key,
      by_key: actor.key,
      reason: input.reason ?? "",
      until,
      created_at: ctx.clock.now(),
    };
    await putBan(ctx, tx, ban);
    await deleteInvitesOf(ctx, tx, room.key, target.key);
    if (input.purge) await requestPurge(ctx, tx, { ...inRow(ban), upto_seq: room.last_seq });
    const line = { kind: "member_banned" as const, actorKey: actor.key, targetKey: target.key };
    const departure = member && !inLobby ? await depart(ctx, tx, room, member, line) : undefined;
    const silence = inLobby && (await silenceInLobby(ctx, tx, room, inLobby, until ?? forGood, [line]));
    return { ban, person: target, departure, silence };
  });
  if (departure) await announceDeparture(ctx, departure, "banned");
  else forgetMemberships(ctx, entry.key, [person.key]);
  if (silence) await announceSilence(ctx, entry, person, silence);
  if (input.purge) ctx.happenings.emit("purge_requested", { roomKey: entry.key, userKey: person.key });
  return wireBan(ctx, ban);
}

/** Ends a ban. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `USER_NOT_FOUND` (whoever is not banned). */
export async function unbanMember(
  ctx: Context,
  actor: Actor,
  input: { room_id: string; user_id: string },
): Promise<void> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const target = await findPerson(ctx, input.user_id);
  const inLobby = entry.is_lobby && target ? await lobbyMember(ctx, entry, target) : undefined;
  await knowPeople(ctx, entry, actor.key, ...(target ? [target.key] : []));
  const { person, silence } = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("ban", actor, room, mine?.role);
    const wasBanned = target && (await deleteBan(ctx, tx, room.key, target.key));
    if (!target || !wasBanned) throw new AppError("USER_NOT_FOUND");
    return { person: target, silence: inLobby && (await silenceInLobby(ctx, tx, room, inLobby, null, [])) };
  });
  forgetMemberships(ctx, entry.key, [person.key]);
  if (silence) await announceSilence(ctx, entry, person, silence);
}

/** A page of those who are banned, to who may ban, the newest first. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`. */
export async function listBans(
  ctx: Context,
  actor: Actor,
  { room_id, page, per_page }: { room_id: string; page: number; per_page: number },
): Promise<{ bans: Ban[]; total: number }> {
  const entry = await visibleRoom(ctx, actor, room_id);
  const mine = await activeMember(ctx, ctx.db.read, entry.key, actor.key);
  demandRight("ban", actor, entry, entry.is_lobby ? undefined : mine?.role);
  const { rows, total } = await banPage(ctx, entry.key, { limit: per_page, offset: (page - 1) * per_page });
  await people(ctx).byKeys(rows.flatMap(({ user_key, by_key }) => [user_key, by_key]));
  return { bans: await Promise.all(rows.map((row) => wireBan(ctx, row))), total };
}

/** Refuses with `BANNED` who may not come into the room, inside the transaction that would let them in. */
export async function demandWelcome(ctx: Context, tx: Queries, roomKey: number, userKey: number): Promise<void> {
  if (await activeBan(ctx, tx, roomKey, userKey)) throw new AppError("BANNED");
}

interface Silence {
  member: MemberRow;
  joinedAt: number;
  rev: number;
  lines: StoredMessage[];
}

async function silenceInLobby(
  ctx: Context,
  tx: Queries,
  room: RoomRow,
  { room_key, user_key, joined_at, read_seq }: LobbyMember,
  muted_until: number | null,
  drafts: { kind: "member_banned"; actorKey: number; targetKey: number }[],
): Promise<Silence> {
  const { rev, lines } = await changeRoom(ctx, tx, room.key, { lines: drafts });
  const member = await muteInLobby(ctx, tx, { room_key, user_key, joined_at, read_seq, muted_until, rev });
  return { member, joinedAt: joined_at, rev, lines };
}

async function announceSilence(ctx: Context, lobby: RoomEntry, person: Person, silence: Silence): Promise<void> {
  forgetLobbyExceptions(ctx, lobby);
  const lines = await wireMessages(ctx, lobby.id, silence.lines);
  const member = wireMember(person, { ...silence.member, joined_at: silence.joinedAt });
  ctx.publish.toRoom("member_updated", { room_id: lobby.id, member, rev: silence.rev });
  publishLines(ctx, lines);
}

function inRow({ room_key, user_key }: BanRow) {
  return { room_key, user_key };
}

async function wireBan(ctx: Context, { user_key, by_key, reason, until, created_at }: BanRow): Promise<Ban> {
  const persons = await people(ctx).byKeys([user_key, by_key]);
  const user = persons.get(user_key);
  const by = persons.get(by_key);
  if (!user || !by) throw new Error("a ban names nobody");
  return {
    user: userRef(user),
    by: userRef(by),
    reason,
    until: wireTimeOrNull(until),
    created_at: wireTime(created_at),
  };
}
