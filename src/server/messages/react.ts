import { and, eq } from "drizzle-orm";
import { emojiOf } from "../../protocol/emoji.ts";
import { limits } from "../../protocol/limits.ts";
import type { UserRef } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import { blocksOfOne } from "../blocks/blocked.ts";
import type { Actor, Context, Reaction, Viewer } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import { memberRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { blockedReactions, reactionCounts, storedCounts } from "../timeline/reactions.ts";
import { demandPeer } from "./direct-policy.ts";
import { demandPresent, lockMessage, seenMessage } from "./locked-message.ts";
import { demandStillVoice, demandVoice } from "./policy.ts";

interface ReactInput {
  message_id: string;
  emoji: string;
  /** Whether it is put there or taken away. */
  added: boolean;
}

/** One's reaction to a message, and how many people have the same. */
interface Reacted {
  message_id: string;
  emoji: string;
  count: number;
  me: boolean;
}

/** Per person: far above what a hand does. */
const rate = { perSecond: 10, burst: 40, isSettled: true } as const;
const reactorsMax = 100;

/**
 * Puts one's reaction to a message, or takes it away; what is so already changes nothing. Throws `VALIDATION_ERROR` for
 * what is not one emoji, `MESSAGE_NOT_FOUND`, `FORBIDDEN`, `MUTED`, `BLOCKED`, `RATE_LIMITED`, and `CONFLICT` for a message
 * that is gone, a system line, and the 21st kind.
 */
export async function react(ctx: Context, actor: Actor, input: ReactInput): Promise<Reacted> {
  const emoji = emojiOf(input.emoji);
  if (emoji === undefined) throw invalid("emoji", "must be one emoji");
  const { message, room } = await seenMessage(ctx, actor, input.message_id);
  const { membership } = await memberRoom(ctx, actor, room.id);
  demandVoice(ctx, membership);
  await demandPeer(ctx, actor, room);
  ctx.limits.demand("reaction", actor.id, rate);
  const { count, rev, blocked } = await ctx.db.write(async (tx) => {
    const row = await lockMessage(ctx, tx, message);
    await demandStillVoice(ctx, tx, actor, room);
    demandPresent(row);
    return input.added ? add(ctx, tx, actor, row, emoji) : remove(ctx, tx, actor, row, emoji);
  });
  const answer = { message_id: message.id, emoji, count, me: input.added };
  if (rev === undefined) return answer;
  const { id: message_id, room_key: roomKey, seq, sender_key: senderKey } = message;
  const { added } = input;
  const changed = { room_id: room.id, message_id, emoji, count, user_id: actor.id, added, rev };
  ctx.publish.toRoom("reaction_changed", changed, blocked);
  const place = { messageId: message_id, roomKey, roomId: room.id, seq, actorKey: actor.key, emoji };
  if (added) ctx.happenings.emit("reaction_added", { ...place, senderKey });
  else ctx.happenings.emit("reaction_removed", place);
  return answer;
}

/** `rev` is absent where nothing changed. */
interface Outcome {
  count: number;
  rev?: number;
  blocked?: Reaction[];
}

async function add(ctx: Context, tx: Queries, actor: Actor, row: StoredMessage, emoji: string): Promise<Outcome> {
  const { reactions } = ctx.db.tables;
  const counts = reactionCounts(row);
  const mine = { message_key: row.key, user_key: actor.key, emoji, created_at: ctx.clock.now() };
  const known = counts.find(([kind]) => kind === emoji);
  if (!known && counts.length >= limits.reactionKinds) throw new AppError("CONFLICT");
  const [made] = await tx.insert(reactions).values(mine).onConflictDoNothing().returning();
  if (!made) return { count: known?.[1] ?? 0 };
  const count = (known?.[1] ?? 0) + 1;
  const others = counts.map(([kind, of]): [string, number] => [kind, kind === emoji ? count : of]);
  return { count, ...(await store(ctx, tx, row, known ? others : [...others, [emoji, count]])) };
}

async function remove(ctx: Context, tx: Queries, actor: Actor, row: StoredMessage, emoji: string): Promise<Outcome> {
  const { reactions } = ctx.db.tables;
  const counts = reactionCounts(row);
  const before = counts.find(([kind]) => kind === emoji)?.[1] ?? 0;
  const [gone] = await tx
    .delete(reactions)
    .where(and(eq(reactions.message_key, row.key), eq(reactions.user_key, actor.key), eq(reactions.emoji, emoji)))
    .returning();
  if (!gone) return { count: before };
  const count = before - 1;
  const left = counts.flatMap(([kind, of]): [string, number][] =>
    kind !== emoji ? [[kind, of]] : count > 0 ? [[kind, count]] : [],
  );
  return { count, ...(await store(ctx, tx, row, left)) };
}

async function store(
  ctx: Context,
  tx: Queries,
  row: StoredMessage,
  counts: readonly [string, number][],
): Promise<Omit<Outcome, "count">> {
  const { messages } = ctx.db.tables;
  const { rev } = await changeRoom(ctx, tx, row.room_key);
  await tx
    .update(messages)
    .set({ reactions: storedCounts(counts), changed_rev: rev })
    .where(eq(messages.key, row.key));
  return { rev, blocked: await blockedReactions(ctx.db, tx, row.key) };
}

/**
 * Who reacted to a message with what: of each kind the first hundred people, the earliest first, without those whom the
 * viewer has blocked. Throws `MESSAGE_NOT_FOUND`.
 */
export async function reactors(
  ctx: Context,
  viewer: Viewer,
  messageId: string,
): Promise<{ emoji: string; users: UserRef[] }[]> {
  const { message } = await seenMessage(ctx, viewer, messageId);
  const { reactions } = ctx.db.tables;
  const { blocked } = viewer ? await blocksOfOne(ctx, viewer.key) : { blocked: new Set<number>() };
  return Promise.all(
    reactionCounts(message).map(async ([emoji]) => {
      const rows = await ctx.db.read
        .select({ key: reactions.user_key })
        .from(reactions)
        .where(and(eq(reactions.message_key, message.key), eq(reactions.emoji, emoji)))
        .orderBy(reactions.created_at, reactions.user_key)
        .limit(reactorsMax + blocked.size);
      const keys = rows.map(({ key }) => key).filter((key) => !blocked.has(key));
      const persons = await people(ctx).byKeys(keys);
      return {
        emoji,
        users: keys
          .slice(0, reactorsMax)
          .flatMap((key) => persons.get(key) ?? [])
          .map(userRef),
      };
    }),
  );
}
