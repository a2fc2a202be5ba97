import { limits } from "../../protocol/limits.ts";
import type { JoinedRoom, RoomRole, TimelineMessage } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { wireTimeOrNull } from "../platform/clock.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom, type SystemDraft } from "../timeline/change-room.ts";
import { forViewer, personalOf, type Personal } from "../timeline/for-viewer.ts";
import { quotedBy } from "../timeline/quotations.ts";
import { reactorsAmong } from "../timeline/reactions.ts";
import { wireMessages } from "../timeline/wire.ts";
import { publishLines } from "./announce.ts";
import type { RoomRow } from "./directory.ts";
import { peerOf } from "./direct.ts";
import { forgetMemberships } from "./membership.ts";
import { lastMessageRow, updateRoomRow, upsertMembers, type MemberRow } from "./store.ts";
import { wireMember, wireRoom } from "./wire.ts";

/** People who came into a room in one transaction. */
export interface Admission {
  /** The room after they came. */
  room: RoomRow;
  rev: number;
  members: MemberRow[];
  lines: StoredMessage[];
  lastMessage: StoredMessage | undefined;
}

/**
 * Makes people members, inside the transaction that holds the room's lock; none of them may be one already. What was
 * said before they came is read. Throws `ROOM_FULL`.
 */
export async function admit(
  ctx: Context,
  tx: Queries,
  room: RoomRow,
  entries: readonly { userKey: number; role: RoomRole }[],
  drafts: SystemDraft[],
): Promise<Admission> {
  const total = room.member_count + entries.length;
  if (total > Math.min(room.max_members ?? Infinity, ctx.config.roomMaxMembers)) throw new AppError("ROOM_FULL");
  const lines = total <= limits.systemLineMembers ? drafts : [];
  const change = await changeRoom(ctx, tx, room.key, { lines });
  const entered = await updateRoomRow(ctx, tx, room.key, {}, entries.length);
  const members = await upsertMembers(
    ctx,
    tx,
    entries.map(({ userKey, role }) => ({
      room_key: room.key,
      user_key: userKey,
      role,
      read_seq: entered.last_seq,
      rev: change.rev,
      joined_at: ctx.clock.now(),
    })),
  );
  const lastMessage = change.lines.at(-1) ?? (await lastMessageRow(ctx, tx, entered));
  return { room: entered, rev: change.rev, members, lines: change.lines, lastMessage };
}

/**
 * Tells of people who came, after the commit: first each on their own devices, which subscribes them, then everybody.
 * `isHeard` is false for a room just made, in which nobody was before.
 */
export async function announceEntry(
  ctx: Context,
  { room, rev, members, lines, lastMessage }: Admission,
  { isHeard }: { isHeard: boolean },
): Promise<JoinedRoom[]> {
  forgetMemberships(
    ctx,
    room.key,
    members.map(({ user_key }) => user_key),
  );
  const persons = await people(ctx).byKeys(members.map(({ user_key }) => user_key));
  const wireLines = await wireMessages(ctx, room.id, lines);
  const personal = await personalOf(
    ctx,
    members.map(({ user_key }) => user_key),
  );
  const lasts = await lastFor(ctx, room, personal, lastMessage);
  const wire = await wireRoom(ctx, room);
  const peers = new Map(
    await Promise.all(members.map(async ({ user_key }) => [user_key, await peerOf(ctx, room, user_key)] as const)),
  );
  const cursors = members.flatMap(({ user_key, read_seq, delivered_seq }) => {
    const person = persons.get(user_key);
    return person ? [{ user_id: person.id, read_seq, delivered_seq }] : [];
  });
  const joined = members.flatMap(({ user_key, role, read_seq, notify_level, muted_until }) => {
    const person = persons.get(user_key);
    const peer = peers.get(user_key);
    const counts = { unread_count: 0, mention_count: 0 };
    // Whoever comes back has hidden what they had hidden.
    const hidden_count = personal.get(user_key)?.hiddenIn(room.key) ?? 0;
    const own = {
      my_role: role,
      notify_level,
      muted_until: wireTimeOrNull(muted_until),
      ...(hidden_count > 0 && { hidden_count }),
    };
    const direct = peer ? { peer, cursors, cleared_seq: 0 } : {};
    return person
      ? [
          {
            person,
            room: { ...wire, last_message: lasts.get(user_key) ?? null, read_seq, ...counts, ...own, ...direct },
          },
        ]
      : [];
  });
  for (const { person, room } of joined) ctx.publish.toUser(person.id, "room_added", { room });
  if (isHeard && room.member_count <= limits.broadcastMembers) {
    for (const { person } of joined) {
      ctx.publish.toRoom("user_joined", { room_id: room.id, user: userRef(person), rev });
    }
    // Muting stays with who comes back, and `user_joined` does not say so.
    for (const row of members) {
      const person = row.muted_until === null ? undefined : persons.get(row.user_key);
      if (person) ctx.publish.toRoom("member_updated", { room_id: room.id, member: wireMember(person, row), rev });
    }
  }
  ctx.publish.passOver(room.id, rev);
  publishLines(ctx, wireLines);
  return joined.map(({ room }) => room);
}

/** The last message as each of these people sees it, by key. */
async function lastFor(
  ctx: Context,
  room: RoomRow,
  personal: ReadonlyMap<number, Personal>,
  last: StoredMessage | undefined,
): Promise<Map<number, TimelineMessage>> {
  const found = new Map<number, TimelineMessage>();
  if (!last) return found;
  const [forAll] = await forViewer(ctx, null, room, [last]);
  const quoted = await quotedBy(ctx, [last]);
  const concerned = personal.values().flatMap(({ reactors }) => reactors);
  const reactors = (await reactorsAmong(ctx, concerned, [last])).get(last.key);
  for (const [key, own] of personal) {
    const isOther = own.touches(last, quoted) || own.seesOwnReactions(reactors);
    const [seen] = isOther ? await forViewer(ctx, own, room, [last], quoted) : [forAll];
    if (seen) found.set(key, seen);
  }
  return found;
}
