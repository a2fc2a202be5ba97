import { and, eq, inArray } from "drizzle-orm";
import { z } from "zod";
import type { Message } from "../../protocol/models.ts";
import type { Context, Reaction } from "../context.ts";
import type { Database, Queries } from "../platform/db/database.ts";
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

/** The reactions to a message as those see them who have reacted with none, and have blocked nobody who has. */
export function strangersReactions(shown: WireReactions): WireReactions {
  return shown.length === 0 ? shown : shown.map(({ emoji, count }) => ({ emoji, count, me: false }));
}

/** Who has reacted, by message. */
export type Reactors = ReadonlyMap<number, ReadonlySet<number>>;

const nobody: Reactors = new Map();

/** Which of these people have reacted to which of these messages, by one query for all of them. */
export async function reactorsAmong(
  ctx: Context,
  userKeys: Iterable<number>,
  rows: readonly StoredMessage[],
): Promise<Reactors> {
  const withSome = rows.filter(({ reactions }) => reactions !== null);
  if (withSome.length === 0) return nobody;
  const found = await reactionsBy(ctx, [...new Set(userKeys)], withSome);
  return new Map(
    [...Map.groupBy(found, ({ messageKey }) => messageKey)].map(([key, theirs]) => [
      key,
      new Set(theirs.map(({ userKey }) => userKey)),
    ]),
  );
}

/** More than this many reactions are not read at once. */
const reactionsReadMax = 5_000;

/** Everybody who has reacted to one of these messages; `undefined` when there are too many reactions to look at. */
export async function allReactors(
  ctx: Context,
  rows: readonly StoredMessage[],
): Promise<ReadonlySet<number> | undefined> {
  const withSome = rows.filter(({ reactions }) => reactions !== null);
  const total = withSome.flatMap(reactionCounts).reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return new Set();
  if (total > reactionsReadMax) return undefined;
  const { reactions } = ctx.db.tables;
  const keys = withSome.map(({ key }) => key);
  const found = await ctx.db.read
    .selectDistinct({ userKey: reactions.user_key })
    .from(reactions)
    .where(inArray(reactions.message_key, jsonNumbers(ctx.db, keys)));
  return new Set(found.map(({ userKey }) => userKey));
}

/** The reactions to a message by people whom somebody has blocked, who does not count them; nearly always none. */
export async function blockedReactions(
  { tables }: Pick<Database, "tables">,
  queries: Queries,
  messageKey: number,
): Promise<Reaction[]> {
  const { blocks, reactions, users } = tables;
  return queries
    .selectDistinct({ by: users.id, emoji: reactions.emoji })
    .from(reactions)
    .innerJoin(blocks, eq(blocks.blocked_key, reactions.user_key))
    .innerJoin(users, eq(users.key, reactions.user_key))
    .where(eq(reactions.message_key, messageKey));
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
