import { everybody } from "../../protocol/mentions.ts";
import { limits } from "../../protocol/limits.ts";
import type { NotificationKind } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import { blocksOf } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { rooms, type RoomEntry } from "../rooms/directory.ts";
import { pendingCursor } from "../timeline/cursors.ts";
import { mentionsOf } from "../timeline/mentioned.ts";
import { authorsOf, type CommittedMessage } from "./progress-store.ts";
import { everybodyIn, placeName, readers } from "./standing-store.ts";
import type { NewNotification } from "./store.ts";

type MessageKind = Extract<NotificationKind, "mention" | "reply" | "direct_message" | "reaction">;

/** Somebody whom something in a room concerns, whether or not they want to hear of it. */
export interface Concern {
  userKey: number;
  kind: MessageKind;
  actorKey: number;
  roomKey: number;
  messageId: string;
  seq: number;
  /** Whether it calls this person: a level of `mentions` lets it through. */
  isCall: boolean;
  text: string;
  source: string;
}

/** Whom these messages concern, each person once a message: who is answered, who is named, the other one of two. */
export async function concernsOf(ctx: Context, messages: readonly CommittedMessage[]): Promise<Concern[]> {
  const authors = await authorsOf(
    ctx,
    messages.flatMap(({ replyToId }) => replyToId ?? []),
  );
  const found: Concern[] = [];
  for (const message of messages) {
    const room = await rooms(ctx).byKey(message.roomKey);
    if (room) found.push(...(await concerns(ctx, room, message, authors.get(message.replyToId ?? ""))));
  }
  return found;
}

async function concerns(
  ctx: Context,
  room: RoomEntry,
  message: CommittedMessage,
  answered: { senderKey: number; roomKey: number; type: string } | undefined,
): Promise<Concern[]> {
  const kinds = new Map<number, { kind: MessageKind; isCall: boolean }>();
  const add = (userKey: number, kind: MessageKind, isCall: boolean) => {
    if (userKey !== message.senderKey && !kinds.has(userKey)) kinds.set(userKey, { kind, isCall });
  };
  const isAnswer = answered !== undefined && answered.roomKey === room.key && answered.type !== "system";
  const named = mentionsOf(message);
  const namedKeys = await keysOf(ctx, named);
  if (room.type === "direct") {
    const isCallTo = (key: number) => namedKeys.includes(key) || (isAnswer && answered.senderKey === key);
    for (const key of pairOf(room)) add(key, "direct_message", isCallTo(key));
  } else {
    if (isAnswer) add(answered.senderKey, "reply", true);
    for (const key of namedKeys) add(key, "mention", true);
    // In the lobby, and where there are as many, it stays a number beside the room.
    const all = named.includes(everybody) && !room.is_lobby;
    const members = all ? await everybodyIn(ctx, room.key, limits.broadcastMembers) : [];
    for (const key of members) add(key, "mention", true);
  }
  const { messageId, roomKey, seq, senderKey: actorKey } = message;
  const place = { actorKey, roomKey, messageId, seq, text: "", source: `message:${messageId}` };
  return [...kinds].map(([userKey, how]) => ({ userKey, ...how, ...place }));
}

/** The keys of the two in a direct room. */
function pairOf({ direct_pair }: RoomEntry): number[] {
  return direct_pair === null ? [] : direct_pair.split(":").map(Number);
}

/** The keys of those who are named one by one. */
export async function keysOf(ctx: Context, ids: readonly string[]): Promise<number[]> {
  const persons = await Promise.all(ids.filter((id) => id !== everybody).map((id) => people(ctx).byId(id)));
  return persons.flatMap((person) => person?.key ?? []);
}

/** Those who are to be told: who is in the room, wants to hear of it, and has not blocked whoever did it. */
export async function wanted(ctx: Context, concerns: readonly Concern[]): Promise<NewNotification[]> {
  if (concerns.length === 0) return [];
  const userKeys = concerns.map(({ userKey }) => userKey);
  const [known, persons, blocks, lobby] = [
    await readers(ctx, concerns),
    await people(ctx).byKeys(userKeys),
    await blocksOf(ctx, userKeys),
    await rooms(ctx).lobby(),
  ];
  return concerns.flatMap((concern): NewNotification[] => {
    const { userKey, roomKey, seq, actorKey, isCall } = concern;
    const reader = known.get(placeName(concern));
    const person = persons.get(userKey);
    const level = reader?.level ?? "all";
    const isThere = roomKey === lobby.key || reader?.isActive === true;
    if (!isThere || !person || person.disabled || person.deleted) return [];
    if (level === "none" || (level === "mentions" && !isCall)) return [];
    if (blocks.get(userKey)?.blocked.has(actorKey)) return [];
    const isRead = seq <= Math.max(reader?.readSeq ?? 0, pendingCursor(ctx, roomKey, userKey)?.readSeq ?? 0);
    return [notificationOf(ctx, { ...concern, isRead: isRead && concern.kind !== "reaction" })];
  });
}

/** A row that is yet to be stored. */
export function notificationOf(
  ctx: Context,
  told: Pick<NewNotification, "kind" | "text" | "source"> & {
    userKey: number;
    actorKey: number;
    roomKey?: number;
    messageId?: string;
    seq?: number;
    isRead?: boolean;
  },
): NewNotification {
  const now = ctx.clock.now();
  return {
    id: Bun.randomUUIDv7(),
    user_key: told.userKey,
    kind: told.kind,
    actor_key: told.actorKey,
    room_key: told.roomKey ?? null,
    message_id: told.messageId ?? null,
    seq: told.seq ?? null,
    text: told.text,
    source: told.source,
    created_at: now,
    read_at: told.isRead === true ? now : null,
  };
}
