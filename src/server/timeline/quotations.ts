import { inArray } from "drizzle-orm";
import { perContext, type Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import type { StoredMessage } from "./append.ts";

/** The messages that some of these rows quote, by id. */
export type Quoted = ReadonlyMap<string, StoredMessage>;

const nothing: Quoted = new Map();

/** What rows quote, by one query; most quote nothing and cost none. */
export async function quotedBy(ctx: Context, rows: readonly StoredMessage[]): Promise<Quoted> {
  const ids = new Set(rows.flatMap(({ reply_to_id }) => reply_to_id ?? []));
  if (ids.size === 0) return nothing;
  const { messages } = ctx.db.tables;
  const found = await ctx.db.read
    .select()
    .from(messages)
    .where(inArray(messages.id, [...ids]));
  return new Map(found.map((row) => [row.id, row]));
}

/** As many as can be edited between a reply's check and its commit, and far more. */
const rememberedMax = 2_000;

/**
 * Messages changed lately, in their present form. A reply is published by what was found when it was checked; what it
 * quotes may have been edited since.
 */
const changedLately = perContext(() => new RecentMap<string, StoredMessage>(rememberedMax));

/** To be called as soon as the change is committed. */
export function noteQuotable(ctx: Context, row: StoredMessage): void {
  changedLately(ctx).set(row.id, row);
}

/** A message that was read a moment ago, as it is now. */
export function asQuotedNow(ctx: Context, row: StoredMessage): StoredMessage {
  const changed = changedLately(ctx).get(row.id);
  return changed && (changed.changed_rev ?? 0) > (row.changed_rev ?? 0) ? changed : row;
}
