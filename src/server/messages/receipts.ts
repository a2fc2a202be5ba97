import { and, asc, eq, gt, gte, inArray, ne, sql } from "drizzle-orm";
import type { Receipts } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { wireTime } from "../platform/clock.ts";
import { memberRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { pendingMoments } from "../timeline/cursors.ts";
import { cursorsOf, shownCursors } from "../timeline/others.ts";
import { seenMessage } from "./locked-message.ts";

/**
 * Who has come how far with a message, the earliest first, to members of its room. Empty in rooms too big to tell; who
 * keeps their receipts to themselves is not among those who have read it, and sees none of them. Throws
 * `MESSAGE_NOT_FOUND`, also for a message that the actor does not see, and to who is no member `FORBIDDEN` or `BANNED`.
 */
export async function receipts(ctx: Context, actor: Actor, messageId: string): Promise<Receipts> {
  const { message, room } = await seenMessage(ctx, actor, messageId);
  await memberRoom(ctx, actor, room.id);
  const cursors = (await cursorsOf(ctx, room.key)) ?? [];
  const others = (await shownCursors(ctx, actor.key, cursors)).filter(
    ({ userKey, isApart }) => userKey !== actor.key && userKey !== message.sender_key && !isApart,
  );
  const persons = await people(ctx).byKeys([actor.key, ...others.map(({ userKey }) => userKey)]);
  const isOpen = persons.get(actor.key)?.privacy.read_receipts !== false;
  const readers = isOpen ? others.filter(({ readSeq }) => readSeq >= message.seq) : [];
  const receivers = others.filter(({ deliveredSeq }) => deliveredSeq >= message.seq);
  const times = await timesOf(
    ctx,
    message,
    receivers.map(({ userKey }) => userKey),
  );
  const inOrder = (who: readonly { userKey: number }[], kind: "read" | "delivered") =>
    who
      .map(({ userKey }) => ({ person: persons.get(userKey), at: times(userKey, kind) }))
      .sort((a, b) => a.at - b.at)
      .flatMap(({ person, at }) => (person ? [{ user: userRef(person), at: wireTime(at) }] : []));
  return {
    read: inOrder(readers, "read").map(({ user, at }) => ({ user, read_at: at })),
    delivered: inOrder(receivers, "delivered").map(({ user, at }) => ({ user, delivered_at: at })),
  };
}

/**
 * When each of these people came to a message: by their first receipt for it or a later one, or by what they wrote after
 * it; reading is receiving. Of what was too long ago only the message's own time is known.
 */
async function timesOf(ctx: Context, message: StoredMessage, userKeys: number[]) {
  const { cursor_moves, messages } = ctx.db.tables;
  if (userKeys.length === 0) return () => message.created_at;
  const moves = await ctx.db.read
    .select({
      userKey: cursor_moves.user_key,
      kind: cursor_moves.kind,
      at: sql`min(${cursor_moves.at})`.mapWith(Number),
    })
    .from(cursor_moves)
    .where(
      and(
        eq(cursor_moves.room_key, message.room_key),
        inArray(cursor_moves.user_key, userKeys),
        gte(cursor_moves.seq, message.seq),
      ),
    )
    .groupBy(cursor_moves.user_key, cursor_moves.kind);
  const answers = await ctx.db.read
    .select({ userKey: messages.sender_key, at: messages.created_at })
    .from(messages)
    .where(
      and(
        eq(messages.room_key, message.room_key),
        gt(messages.seq, message.seq),
        ne(messages.type, "system"),
        inArray(messages.sender_key, userKeys),
      ),
    )
    .orderBy(asc(messages.seq))
    .limit(answersMax);
  const first = new Map<string, number>();
  const note = (name: string, at: number) => first.set(name, Math.min(at, first.get(name) ?? Infinity));
  const pending = userKeys.flatMap((userKey) =>
    pendingMoments(ctx, message.room_key, userKey)
      .filter(({ seq }) => seq >= message.seq)
      .map((moment) => ({ userKey, ...moment })),
  );
  for (const { userKey, kind, at } of [...moves, ...pending]) {
    note(`${userKey} ${kind}`, at);
    if (kind === "read") note(`${userKey} delivered`, at);
  }
  for (const { userKey, at } of answers) {
    note(`${userKey} read`, at);
    note(`${userKey} delivered`, at);
  }
  return (userKey: number, kind: "read" | "delivered") => first.get(`${userKey} ${kind}`) ?? message.created_at;
}

/** Messages looked at for answers. */
const answersMax = 200;
