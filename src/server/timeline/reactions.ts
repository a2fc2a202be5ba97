import { and, inArray } from "drizzle-orm";
import { z } from "zod";
import type { Message } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import { jsonNumbers } from "../platform/db/json-rows.ts";
import type { StoredMessage } from "./append.ts";

/** A kind of reaction and how many people chose it. */
type Count = [emoji: string, count: number];
type WireReactions = Message["reactions"];

const stored = z.array(z.tuple([z.string(), z.number()]));

/** The counts that stand on a message, in the order in which its kinds first came. */
export function reactionCounts({ reactions }: Pick<StoredMessage, "reactions">): Count[] {
  return reactions === null ? [] : stored.parse(JSON.parse(reactions));
}

/** What the message says of them: nothing when there are none. */
export function storedCounts(counts: readonly Count[]): string | null {
  return counts.length === 0 ? null : JSON.stringify(counts);
}

export function wireReactions(row: Pick<StoredMessage, "reactions">): WireReactions {
  return row.reactions === null ? [] : reactionCounts(row).map(([emoji, count]) => ({ emoji, count }));
}

/**
 * The reactions to these messages as one person sees them, by message: with `me`, and without those of the people they have
 * blocked. `reader` absent: a guest.
 */
export async function reactionsFor(
  ctx: Context,
  reader: { userKey: number; blocked: ReadonlySet<number> } | null,
  rows: readonly StoredMessage[],
): Promise<Map<number, WireReactions>> {
  const withSome = rows.filter(({ reactions }) => reactions !== null);
  if (withSome.length === 0) return new Map();
  const special = reader ? await reactionsBy(ctx, [reader.userKey, ...reader.blocked], withSome) : [];
  const byMessage = Map.groupBy(special, ({ messageKey }) => messageKey);
  return new Map(
    withSome.map((row) => {
      const theirs = byMessage.get(row.key) ?? [];
      const shown = reactionCounts(row).flatMap(([emoji, count]) => {
        const same = theirs.filter((reaction) => reaction.emoji === emoji);
        const me = same.some(({ userKey }) => userKey === reader?.userKey);
        const left = count - (same.length - Number(me));
        return left > 0 ? [{ emoji, count: left, me }] : [];
      });
      return [row.key, shown];
    }),
  );
}

/** Whether one of these people has reacted to one of these messages. */
export async function haveReacted(
  ctx: Context,
  userKeys: readonly number[],
  rows: readonly StoredMessage[],
): Promise<boolean> {
  const withSome = rows.filter(({ reactions }) => reactions !== null);
  return withSome.length > 0 && (await reactionsBy(ctx, userKeys, withSome)).length > 0;
}

async function reactionsBy(ctx: Context, userKeys: readonly number[], rows: readonly StoredMessage[]) {
  const { reactions } = ctx.db.tables;
  const keys = rows.map(({ key }) => key);
  return ctx.db.read
    .select({ messageKey: reactions.message_key, userKey: reactions.user_key, emoji: reactions.emoji })
    .from(reactions)
    .where(
      and(
        inArray(reactions.message_key, jsonNumbers(ctx.db, keys)),
        inArray(reactions.user_key, jsonNumbers(ctx.db, userKeys)),
      ),
    );
}
