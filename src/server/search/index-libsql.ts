import { asc, eq, inArray, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { LibsqlDatabase } from "../platform/db/database.ts";
import { runInLane } from "../timeline/lane.ts";
import { digest, indexedColumns, sliceRows, type Slice } from "./slice.ts";

/**
 * The next slice of the index on libSQL. The writers' lock is held from the reading on: what is found gone stays gone, and
 * no new message can take a key that was purged before the index has forgotten its old owner.
 */
export async function indexOnLibsql(ctx: Context, db: LibsqlDatabase): Promise<Slice> {
  const state = await readState(db);
  if (!state.hasNotes && state.lastKey <= state.indexedKey) return { messages: 0, ...state, isLast: true };
  return db.writers.run(async () => {
    const { messages, search_changes: changes, search_progress: progress } = db.tables;
    const columns = indexedColumns(db.tables);
    const noted = db.read.select({ key: changes.message_key }).from(changes).orderBy(asc(changes.key)).limit(sliceRows);
    const indexed = db.read.select({ key: progress.indexed_key }).from(progress).where(eq(progress.key, 1));
    // At once: behind a network each is a round trip. What was noted since is of the next slice.
    const [{ indexedKey, lastKey, hasNotes }, notes, changed, sent] = await Promise.all([
      readState(db),
      state.hasNotes ? db.read.select().from(changes).orderBy(asc(changes.key)).limit(sliceRows) : [],
      state.hasNotes ? db.read.select(columns).from(messages).where(inArray(messages.key, noted)) : [],
      db.read
        .select(columns)
        .from(messages)
        .where(sql`${messages.key} > (${indexed})`)
        .orderBy(asc(messages.key))
        .limit(sliceRows),
    ]);
    const { entries, gone, doneNotes, upTo } = digest(notes, changed, sent, indexedKey);
    await runInLane(ctx, [
      {
        sql: "DELETE FROM message_search WHERE rowid IN (SELECT value FROM json_each(?))",
        values: [JSON.stringify(gone)],
      },
      {
        sql: "REPLACE INTO message_search (rowid, tokens) SELECT value ->> 0, value ->> 1 FROM json_each(?)",
        values: [JSON.stringify(entries.map(({ key, tokens }) => [key, tokens.join(" ")]))],
      },
      {
        sql: "DELETE FROM search_changes WHERE key IN (SELECT value FROM json_each(?))",
        values: [JSON.stringify(doneNotes)],
      },
      {
        // A purge may have taken the newest messages away: their keys are given anew.
        sql: "UPDATE search_progress SET indexed_key = min(?, (SELECT coalesce(max(key), 0) FROM messages)) WHERE key = 1",
        values: [upTo],
      },
    ]);
    return {
      messages: entries.length + gone.length,
      indexedKey: upTo,
      lastKey,
      isLast:
        upTo >= lastKey && hasNotes === state.hasNotes && notes.length < sliceRows && doneNotes.length === notes.length,
    };
  });
}

async function readState({ read, tables }: LibsqlDatabase) {
  const { messages, search_changes: changes, search_progress: progress } = tables;
  const [row] = await read
    .select({
      indexedKey: progress.indexed_key,
      lastKey: sql`(SELECT coalesce(max(${messages.key}), 0) FROM ${messages})`.mapWith(Number),
      hasNotes: sql`EXISTS (SELECT 1 FROM ${changes})`.mapWith(Boolean),
    })
    .from(progress)
    .where(eq(progress.key, 1));
  if (!row) throw new Error("the search index has lost its place");
  return row;
}
