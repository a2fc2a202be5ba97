import type { EventFor, EventPayload } from "../../protocol/events.ts";
import { limits } from "../../protocol/limits.ts";
import type { Message, SystemKind } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { type RoomRow, roomEvenDeleted } from "../rooms/directory.ts";
import { type ChangedMember, membersChangedSince } from "../rooms/members.ts";
import { wireRoom } from "../rooms/wire.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changedSince, sentSince } from "../timeline/changes-since.ts";
import { isGone, wireMessages } from "../timeline/wire.ts";
import { lastRevWithin } from "./changes.ts";

type RoomEvent = { [N in EventFor<"room">]: { type: N; payload: EventPayload<N> } }[EventFor<"room">];

/** What happened in a room, as far as the database can tell it in the words of events. */
export interface Missed {
  /** Each with its `rev`, in their order. */
  events: RoomEvent[];
  /** They reach to here; below what was asked for where there is more. */
  upTo: number;
  /** Who is in the room no more. */
  gone: { userId: string; reason: EventPayload<"user_left">["reason"] }[];
  /** Whether the room itself is no more. */
  isDeleted: boolean;
}

/** Changes read at once. */
const changesMax = 500;

/**
 * The events of a room after `sinceRev` up to `untilRev`, made anew from what the database keeps: for sockets that did not
 * hear them. It keeps states, not events: what was changed twice appears once, and of reactions and pins there is nothing
 * but how they are now. Wherever this leaves a change untold, the last event is a `room_changed`.
 */
export async function missedIn(ctx: Context, roomId: string, sinceRev: number, untilRev: number): Promise<Missed> {
  const room = await roomEvenDeleted(ctx, roomId);
  if (!room || room.deleted_at !== null) {
    const rev = Math.max(room?.rev ?? 0, sinceRev + 1);
    const events: RoomEvent[] = [{ type: "room_deleted", payload: { room_id: roomId, rev } }];
    return { events, upTo: rev, gone: [], isDeleted: true };
  }
  const sent = await sentSince(ctx, room, sinceRev, changesMax + 1);
  const wanted = Math.min(room.rev, untilRev);
  // Each change has its `rev`: where messages have taken all of them there is nothing else to ask for.
  const talk = sent.filter(({ sent_rev, system }) => sent_rev <= wanted && system === null).length;
  const [changed, members] =
    talk === wanted - sinceRev
      ? [[], []]
      : await Promise.all([
          changedSince(ctx, room.key, sinceRev, changesMax + 1),
          membersChangedSince(ctx, room, sinceRev, changesMax + 1),
        ]);
  const revs = [
    ...sent.map((row) => row.sent_rev),
    ...changed.map((row) => row.changed_rev ?? 0),
    ...members.map((row) => row.rev),
  ].sort((a, b) => a - b);
  const upTo = lastRevWithin(revs, changesMax, wanted);
  const inTime = {
    sent: sent.filter((row) => row.sent_rev <= upTo),
    changed: changed.filter((row) => (row.changed_rev ?? 0) <= upTo),
    members: members.filter(({ rev }) => rev <= upTo),
  };
  const lines = await wireMessages(ctx, room.id, inTime.sent);
  const kinds: Kinds = new Map(
    lines.flatMap(({ system }, index) => (system ? [[inTime.sent[index]?.sent_rev ?? 0, system.kind]] : [])),
  );
  const told = [
    ...(await memberEvents(ctx, room, inTime.members, kinds)),
    ...(await settingsEvents(ctx, { ...room, last_seq: lastSeqAt(room, sent) }, sinceRev, upTo)),
    ...sentEvents(room, inTime.sent, lines),
    ...(await changeEvents(ctx, room, inTime.changed)),
  ];
  // Stable: of one transaction the change comes before the line that tells of it, as it was published.
  const events = told.flatMap(({ event }) => event ?? []).sort((a, b) => a.payload.rev - b.payload.rev);
  const whole = new Set(told.flatMap(({ rev, isWhole }) => (isWhole ? [rev] : [])));
  for (const { rev, isWhole } of told) if (!isWhole) whole.delete(rev);
  if (whole.size < upTo - sinceRev) {
    events.push({ type: "room_changed", payload: { room_id: room.id, since_rev: sinceRev, rev: upTo } });
  }
  const gone = inTime.members.flatMap(({ rev, user_id, member }) =>
    member ? [] : [{ userId: user_id, reason: reasonOf(kinds.get(rev)) }],
  );
  return { events, upTo, gone, isDeleted: false };
}

/** What the system lines among the changes tell, by `rev`. */
type Kinds = ReadonlyMap<number, SystemKind>;

/** A change: the event that tells of it, if any, and whether this says all. */
interface Told {
  rev: number;
  event?: RoomEvent;
  isWhole: boolean;
}

/** What was changed since has its present words at once, and no reactions: these are counted as they are told. */
function sentEvents(room: RoomRow, rows: readonly StoredMessage[], messages: readonly Message[]): Told[] {
  const type = room.type === "direct" ? "new_direct_message" : "new_message";
  return messages.map((message, index): Told => {
    const rev = rows[index]?.sent_rev ?? message.rev;
    const payload = rev === message.rev ? message : { ...message, rev, reactions: [] };
    return { rev, event: { type, payload }, isWhole: true };
  });
}

async function changeEvents(ctx: Context, room: RoomRow, rows: readonly StoredMessage[]): Promise<Told[]> {
  const messages = await wireMessages(ctx, room.id, rows);
  return rows.flatMap((row, index): Told[] => {
    const message = messages[index];
    const rev = row.changed_rev ?? 0;
    if (!message) return [];
    if (isGone(row)) {
      const type = row.recalled_at === null ? "message_deleted" : "message_recalled";
      const { id, room_id, seq, sender } = message;
      return [{ rev, event: { type, payload: { id, room_id, seq, sender_id: sender.id, rev } }, isWhole: true }];
    }
    // An edit or a reaction, which nobody can tell any more: the event does not say whose the reactions are.
    return [{ rev, event: { type: "message_updated", payload: message }, isWhole: false }];
  });
}

async function settingsEvents(ctx: Context, room: RoomRow, sinceRev: number, upTo: number): Promise<Told[]> {
  const { settings_rev, pins_rev } = room;
  const isWithin = (rev: number) => rev > sinceRev && rev <= upTo;
  const told: Told[] = [];
  if (isWithin(pins_rev)) told.push({ rev: pins_rev, isWhole: false });
  if (isWithin(settings_rev)) {
    const payload = {
      room_id: room.id,
      room: { ...(await wireRoom(ctx, room)), rev: settings_rev },
      rev: settings_rev,
    };
    told.push({ rev: settings_rev, event: { type: "room_updated", payload }, isWhole: true });
  }
  return told;
}

/** How many messages there were when the settings changed: a client counts those that come after. */
function lastSeqAt({ settings_rev, last_seq }: RoomRow, sent: readonly StoredMessage[]): number {
  const before = sent.findLast(({ sent_rev }) => sent_rev <= settings_rev);
  return before?.seq ?? (sent[0]?.seq ?? last_seq + 1) - 1;
}

/** Of big rooms nothing is told of who comes and goes, as nothing was when it happened. */
async function memberEvents(
  ctx: Context,
  room: RoomRow,
  changed: readonly ChangedMember[],
  kinds: Kinds,
): Promise<Told[]> {
  const isSilent = !room.is_lobby && room.member_count > limits.broadcastMembers;
  const told: Told[] = [];
  for (const { rev, user_id, member } of changed) {
    const kind = kinds.get(rev);
    if (isSilent) told.push({ rev, isWhole: true });
    else if (!member) {
      const payload = { room_id: room.id, user_id, reason: reasonOf(kind), rev };
      told.push({ rev, event: { type: "user_left", payload }, isWhole: kind !== undefined });
    } else if (kind === "member_joined" || kind === "member_added" || kind === "room_created") {
      const person = await people(ctx).byId(user_id);
      if (!person) continue;
      const payload = { room_id: room.id, user: userRef(person), rev };
      told.push({ rev, event: { type: "user_joined", payload }, isWhole: member.muted_until === null });
    } else {
      // Without a line one may have come as well as have been changed.
      const payload = { room_id: room.id, member, rev };
      told.push({ rev, event: { type: "member_updated", payload }, isWhole: kind !== undefined });
    }
  }
  // Somebody came or went, and was changed again since: the line is there, its member is not.
  const revs = new Set(changed.map(({ rev }) => rev));
  for (const [rev, kind] of kinds) if (kind.startsWith("member_") && !revs.has(rev)) told.push({ rev, isWhole: false });
  return told;
}

function reasonOf(kind: SystemKind | undefined): EventPayload<"user_left">["reason"] {
  return kind === "member_kicked" ? "kicked" : kind === "member_banned" ? "banned" : "left";
}
