import type { PostgresDatabase } from "../platform/db/database.ts";
import { DecidedKeys } from "../timeline/decided-keys.ts";
import { stretchTokens } from "./find-postgres.ts";
import { digest, sliceRows, type IndexedRow, type Slice } from "./slice.ts";

/** Indexes on Postgres, up to where the messages are decided. */
export class PostgresIndexer {
  readonly #keys: DecidedKeys;

  constructor(private readonly db: PostgresDatabase) {
    this.#keys = new DecidedKeys(db);
  }

  /** The next slice; none when another node is at it. */
  async next(): Promise<Slice> {
    const { decidedKey, lastKey } = await this.#keys.next();
    return this.db.transact(async (run) => {
      const [progress] = await run(
        (sql) => sql<{ indexed_key: number }[]>`
        SELECT indexed_key FROM search_progress WHERE key = 1 FOR UPDATE SKIP LOCKED`,
      );
      if (!progress) return { messages: 0, indexedKey: decidedKey, lastKey, isLast: true };
      const indexedKey = progress.indexed_key;
      const notes = await run(
        (sql) => sql<{ key: number; message_key: number }[]>`
        SELECT key, message_key FROM search_changes ORDER BY key LIMIT ${sliceRows}`,
      );
      if (notes.length === 0 && indexedKey >= decidedKey) return { messages: 0, indexedKey, lastKey, isLast: true };
      // Read after their notes: a message is at least as new as what was noted of it.
      const changed =
        notes.length === 0
          ? []
          : await run(
              (sql) => sql<IndexedRow[]>`
              SELECT key, room_key, sender_key, type, content, deleted_at, recalled_at FROM messages WHERE key IN (
                SELECT key::bigint FROM jsonb_array_elements_text(${json(notes.map((note) => note.message_key))}::text::jsonb) AS noted(key))`,
            );
      const sent = await run(
        (sql) => sql<IndexedRow[]>`
        SELECT key, room_key, sender_key, type, content, deleted_at, recalled_at FROM messages
        WHERE key > ${indexedKey} AND key <= ${decidedKey} ORDER BY key LIMIT ${sliceRows}`,
      );
      const { entries, gone, doneNotes, upTo } = digest(notes, changed, sent, indexedKey);
      // Where no more rows are, keys were drawn for nothing.
      const isThrough = sent.length < sliceRows && upTo === (sent.at(-1)?.key ?? indexedKey);
      const nextKey = isThrough ? Math.max(decidedKey, indexedKey) : upTo;
      if (gone.length > 0) {
        await run(
          (sql) => sql`
          DELETE FROM message_search WHERE message_key IN (
            SELECT key::bigint FROM jsonb_array_elements_text(${json(gone)}::text::jsonb) AS gone(key))`,
        );
      }
      await run(
        (sql) => sql`
        INSERT INTO message_search (message_key, room_key, tokens)
        SELECT (entry ->> 0)::bigint, (entry ->> 1)::bigint,
          array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(entry -> 2)))
        FROM jsonb_array_elements(${json(
          entries.map(({ key, room_key, tokens }) => [key, room_key, [...tokens, ...stretchTokens(key)]]),
        )}::text::jsonb) AS entries(entry)
        ON CONFLICT (message_key) DO UPDATE SET tokens = excluded.tokens`,
      );
      if (doneNotes.length > 0) {
        await run(
          (sql) => sql`
          DELETE FROM search_changes WHERE key IN (
            SELECT key::bigint FROM jsonb_array_elements_text(${json(doneNotes)}::text::jsonb) AS done(key))`,
        );
      }
      await run((sql) => sql`UPDATE search_progress SET indexed_key = ${nextKey} WHERE key = 1`);
      return {
        messages: entries.length + gone.length,
        indexedKey: nextKey,
        lastKey,
        isLast: nextKey >= decidedKey && notes.length < sliceRows && doneNotes.length === notes.length,
      };
    });
  }
}

const json = (value: unknown) => JSON.stringify(value);
