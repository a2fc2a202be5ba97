import { and, asc, eq, gt, inArray, isNotNull, isNull, lte, or, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { jsonTexts } from "../platform/db/json-rows.ts";

/** The SQL of what was committed and what of it was told. */

/** The one row of `notification_progress`. */
const only = 1;

/** A message that may concern somebody, as it was committed. */
export interface CommittedMessage {
  messageId: string;
  roomKey: number;
  seq: number;
  senderKey: number;
  mentions: string | null;
  replyToId: string | null;
}

/** The key of the last message of all. */
export async function lastMessageKey(ctx: Context): Promise<number> {
  const { messages } = ctx.db.tables;
  const [row] = await ctx.db.read
    .select({ key: sql`coalesce(max(${messages.key}), 0)`.mapWith(Number) })
    .from(messages);
  return row?.key ?? 0;
}

/** How far notifications have come; where nobody has begun yet, they begin after `key`. */
export async function notedKey(ctx: Context, key: number): Promise<number> {
  const { notification_progress: progress } = ctx.db.tables;
  const read = () => ctx.db.read.select({ notedKey: progress.noted_key }).from(progress).where(eq(progress.key, only));
  const [row] = await read();
  if (row) return row.notedKey;
  await ctx.db.write((tx) => tx.insert(progress).values({ key: only, noted_key: key }).onConflictDoNothing());
  const [made] = await read();
  return made?.notedKey ?? key;
}

/**
 * Notes that everything up to `key` was told. On libSQL it may go back: keys of the newest messages are given anew after
 * a purge. Among nodes it only rises.
 */
export async function setNotedKey(ctx: Context, key: number): Promise<void> {
  const { notification_progress: progress } = ctx.db.tables;
  const isFurther = ctx.db.dialect === "postgres" ? sql`${progress.noted_key} < ${key}` : undefined;
  await ctx.db.write((tx) =>
    tx
      .update(progress)
      .set({ noted_key: key })
      .where(and(eq(progress.key, only), isFurther)),
  );
}

/** Messages with keys after `after` up to `upTo` that may concern somebody: that name, answer, or stand between two. */
export function committedBetween(
  ctx: Context,
  after: number,
  upTo: number,
): Promise<(CommittedMessage & { key: number })[]> {
  const { messages, rooms } = ctx.db.tables;
  return ctx.db.read
    .select({
      key: messages.key,
      messageId: messages.id,
      roomKey: messages.room_key,
      seq: messages.seq,
      senderKey: messages.sender_key,
      mentions: messages.mentions,
      replyToId: messages.reply_to_id,
    })
    .from(messages)
    .innerJoin(rooms, eq(rooms.key, messages.room_key))
    .where(
      and(
        gt(messages.key, after),
        lte(messages.key, upTo),
        isNull(messages.deleted_at),
        isNull(messages.recalled_at),
        or(isNotNull(messages.mentions), isNotNull(messages.reply_to_id), eq(rooms.type, "direct")),
      ),
    )
    .orderBy(asc(messages.key));
}

/** Those of the messages of which somebody was told: all that a message has to tell is stored together. */
export async function toldOf(ctx: Context, messageIds: readonly string[]): Promise<Set<string>> {
  const { notifications } = ctx.db.tables;
  const rows = await ctx.db.read
    .selectDistinct({ id: sql<string>`${notifications.message_id}` })
    .from(notifications)
    .where(
      and(
        inArray(notifications.message_id, jsonTexts(ctx.db, messageIds)),
        inArray(notifications.kind, ["mention", "reply", "direct_message"]),
      ),
    );
  return new Set(rows.map(({ id }) => id));
}

/** Who wrote these messages, by their ids. */
export async function authorsOf(ctx: Context, messageIds: readonly string[]) {
  const { messages } = ctx.db.tables;
  const rows = await ctx.db.read
    .select({ id: messages.id, senderKey: messages.sender_key, roomKey: messages.room_key, type: messages.type })
    .from(messages)
    .where(inArray(messages.id, jsonTexts(ctx.db, messageIds)));
  return new Map(rows.map((row) => [row.id, row]));
}
