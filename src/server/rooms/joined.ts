import type { Conversation, Cursor, JoinedRoom, RoomRole, TimelineMessage, User } from "../../protocol/models.ts";
import { folded } from "../accounts/names.ts";
import type { Actor, Context } from "../context.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import { nextTurn } from "../platform/turn.ts";
import { clearedAmong } from "../timeline/cleared.ts";
import { forViewer, personalOf, type Personal } from "../timeline/for-viewer.ts";
import { type Reactors, reactorsAmong } from "../timeline/reactions.ts";
import { cursorsIn, hasWritten } from "../timeline/others.ts";
import { countUnread, unreadIn } from "../timeline/unread.ts";
import { roomCards, type RoomCard } from "./cards.ts";
import { peerKeyIn, peersByKey } from "./direct.ts";
import type { Slice } from "./list-store.ts";
import { countMentions } from "./mention-counts.ts";
import { standings, type Standing } from "./standings.ts";
import { wireCursors } from "./wire-cursors.ts";

/** Where memory does not tell what is unread, the database is asked so often before others have their turn. */
const countsPerTurn = 20;

/** One of a person's rooms, and what is their own in it. */
interface Joined {
  card: RoomCard;
  standing: Standing;
  role: RoomRole;
  readSeq: number;
  unread: number;
  mentions: number;
  hidden: number;
  /** The last message, where this person sees another than everybody, or none. */
  last?: TimelineMessage | null;
  /** The other one, in a direct room. */
  peer?: User;
  cursors?: Cursor[];
}

/** A person who has not read all of a room. */
interface Behind {
  userKey: number;
  own: Joined;
  personal: Personal | undefined;
}

/** A room as its member has it, on its way to the wire. */
export interface JoinedText {
  id: string;
  rev: number;
  /** JSON of the protocol's `joinedRoom`. */
  text: string;
  /** Of the other one, in a direct room. */
  peerKey: number | undefined;
}

/**
 * All rooms of each of these people with the lobby, the one with the latest message first; as `ready` has them. A few
 * queries for all people together, which are read one after the other: each room is as it was at one moment, at its `rev`.
 */
export async function joinedRooms(ctx: Context, userKeys: readonly number[]): Promise<Map<number, JoinedText[]>> {
  const found = await joined(ctx, [...new Set(userKeys)]);
  return new Map(
    [...found].map(([userKey, own]) => [
      userKey,
      own.map((each) => ({
        id: each.card.id,
        rev: each.card.rev,
        text: textOf(each),
        peerKey: peerKeyIn(each.card, userKey),
      })),
    ]),
  );
}

/** One page of a person's rooms in the order of {@link joinedRooms}, of those whose name contains `search`. */
export async function joinedPage(
  ctx: Context,
  { key }: Pick<Actor, "key">,
  search: string,
  { limit, offset }: Slice,
): Promise<{ rooms: JoinedRoom[]; total: number }> {
  const needle = folded(search);
  const own = (await joined(ctx, [key])).get(key) ?? [];
  const fitting = own.filter(({ card, peer }) => (peer ? isNamed(peer, needle) : card.nameLower.includes(needle)));
  const page = fitting.slice(offset, offset + limit);
  // Parsed is what `textOf` has put together of the protocol's own type.
  return { rooms: page.map((each) => JSON.parse(textOf(each)) as JoinedRoom), total: fitting.length };
}

/** A person's conversations that show something, in the order of {@link joinedRooms}. */
export async function joinedConversations(ctx: Context, { key }: Pick<Actor, "key">): Promise<Conversation[]> {
  const own = (await joined(ctx, [key])).get(key) ?? [];
  return own.flatMap(({ card, peer, unread, last = card.last }): Conversation[] => {
    if (!peer || !card.last || last === null) return [];
    const isGone = "is_hidden" in last || card.last.deleted_at !== null || card.last.recalled_at !== null;
    const last_message = {
      content: isGone ? "" : card.last.content,
      created_at: wireTime(card.last.created_at),
      is_mine: card.last.sender_key === key,
    };
    return [{ user: peer, room_id: card.id, last_message, unread_count: unread }];
  });
}

function isNamed({ username, display_name }: User, needle: string): boolean {
  return folded(username).includes(needle) || folded(display_name).includes(needle);
}

function textOf({ card, standing, role, readSeq, unread, mentions, hidden, last, peer, cursors }: Joined): string {
  const { notifyLevel, mutedUntil } = standing;
  const counts = `"read_seq":${readSeq},"unread_count":${unread},"mention_count":${mentions}`;
  const own = `"my_role":"${role}","notify_level":"${notifyLevel}","muted_until":${JSON.stringify(wireTimeOrNull(mutedUntil))}${hidden > 0 ? `,"hidden_count":${hidden}` : ""}`;
  const direct = peer
    ? `,"peer":${JSON.stringify(peer)},"cursors":${JSON.stringify(cursors)},"cleared_seq":${standing.clearedSeq}`
    : "";
  return `${card.text},"last_message":${last === undefined ? card.lastText : JSON.stringify(last)},${counts},${own}${direct}}`;
}

async function joined(ctx: Context, userKeys: readonly number[]): Promise<Map<number, Joined[]>> {
  const standing = await standings(ctx, userKeys);
  const revs = new Map(standing.map(({ roomKey, rev }) => [roomKey, rev]));
  const cards = await roomCards(ctx).of(revs);
  const found = new Map<number, Joined[]>(userKeys.map((key) => [key, []]));
  const behind: Behind[] = [];
  const clearings = standing.map(({ userKey, roomKey, clearedSeq }) => ({ userKey, roomKey, seq: clearedSeq }));
  const personal = await personalOf(ctx, userKeys, clearedAmong(clearings));
  const lasts = [...cards.values()].flatMap(({ last }) => last ?? []);
  const concerned = personal.values().flatMap(({ reactors }) => reactors);
  const reactors = await reactorsAmong(ctx, concerned, lasts);
  for (const each of standing) {
    const { userKey, roomKey, role } = each;
    const card = cards.get(roomKey);
    if (!card) continue;
    // Of what was sent on another node the cursor comes into the database later; whoever wrote last has read all.
    const isLast = card.last?.sender_key === userKey && card.last.type !== "system";
    const readSeq = Math.max(each.readSeq, isLast ? card.last.seq : 0);
    const hidden = personal.get(userKey)?.hiddenIn(roomKey) ?? 0;
    const own: Joined = { card, standing: each, role, readSeq, unread: 0, mentions: 0, hidden };
    const last = await lastFor(ctx, personal.get(userKey), card, reactors);
    if (last !== undefined) own.last = last;
    if (readSeq < card.lastSeq) behind.push({ userKey, own, personal: personal.get(userKey) });
    found.get(userKey)?.push(own);
  }
  await count(ctx, behind);
  await addPeers(ctx, found);
  await countMentions(ctx, behind, personal);
  for (const own of found.values())
    own.sort((a, b) => b.card.activeAtMs - a.card.activeAtMs || b.card.key - a.card.key);
  return found;
}

/** Completes the direct rooms: the other one of the two, and how far both have come. */
async function addPeers(ctx: Context, found: ReadonlyMap<number, Joined[]>): Promise<void> {
  const direct = [...found].flatMap(([userKey, own]) =>
    own.flatMap((each) => {
      const peerKey = peerKeyIn(each.card, userKey);
      return peerKey === undefined ? [] : [{ userKey, each, peerKey }];
    }),
  );
  if (direct.length === 0) return;
  const peers = await peersByKey(ctx, direct);
  const cursors = await cursorsIn(ctx, [...new Set(direct.map(({ each }) => each.card.key))]);
  for (const { userKey, each, peerKey } of direct) {
    const peer = peers(userKey, peerKey);
    if (!peer) continue;
    each.peer = peer;
    const { key, last } = each.card;
    const both = (cursors.get(key) ?? []).map((cursor) =>
      last?.sender_key === cursor.userKey ? hasWritten(cursor, last.seq) : cursor,
    );
    each.cursors = await wireCursors(ctx, userKey, both);
  }
}

/** The last message as this person sees it, where that is another than everybody sees; `null`: it was emptied away. */
async function lastFor(
  ctx: Context,
  personal: Personal | undefined,
  { key, id, last, quoted }: RoomCard,
  reactors: Reactors,
): Promise<TimelineMessage | null | undefined> {
  if (last && personal && last.seq <= personal.clearedIn(key)) return null;
  if (!personal || !last) return undefined;
  if (!personal.touches(last, quoted) && !personal.seesOwnReactions(reactors.get(last.key))) return undefined;
  return (await forViewer(ctx, personal, { key, id }, [last], quoted))[0];
}

/** Sets `unread`: from the tails of the rooms, and from the database where they are too short. */
async function count(ctx: Context, behind: readonly Behind[]): Promise<void> {
  await roomCards(ctx).readTails(behind.map(({ own }) => own.card));
  let asked = 0;
  for (const { userKey, own, personal } of behind) {
    const { key: roomKey, tail, lastSeq } = own.card;
    const { readSeq } = own;
    const counted =
      tail &&
      unreadIn(tail, {
        userKey,
        readSeq,
        lastSeq,
        isHidden: (seq, senderKey) => personal?.hidesAt(roomKey, seq, senderKey) === true,
      });
    if (counted === undefined && ++asked % countsPerTurn === 0) await nextTurn();
    own.unread = counted ?? (await countUnread(ctx, { roomKey, userKey, readSeq }));
  }
}
