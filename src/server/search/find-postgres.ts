import type { Sql } from "postgres";
import type { PostgresDatabase } from "../platform/db/database.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { roomToken } from "./tokens.ts";
import type { Finds, Wanted } from "./wanted.ts";

/**
 * Finds on Postgres, newest first. GIN has no order: asked for a frequent word it gives every find there is. So each
 * message also has the tokens of the stretches of keys that it lies in, and the index is asked for stretch after stretch
 * from the newest on, each as long as the finds so far make it seem necessary.
 */

/** Stretches of 4,096, 65,536, 1 million and 16 million keys. */
const stretches = [
  { letter: "a", keys: 2 ** 12 },
  { letter: "b", keys: 2 ** 16 },
  { letter: "c", keys: 2 ** 20 },
  { letter: "d", keys: 2 ** 24 },
] as const;
/** Stretches asked for at once. */
const stretchesMax = 8;
/** Finds are rarely spread evenly. */
const margin = 1.5;
/** Without a find, the next part is so many times as long as all before it. */
const growth = 16;

export function stretchTokens(key: number): string[] {
  return stretches.map(({ letter, keys }) => `${letter}:${Math.floor(key / keys)}`);
}

type Find = ({ [K in keyof StoredMessage]: null } | StoredMessage) & { found_key: number };

export async function* findOnPostgres(db: PostgresDatabase, wanted: Wanted, size: number): Finds {
  const { scope, fromKey } = wanted;
  let { belowKey } = wanted;
  let finds = 0;
  // So many messages of the room are looked at first; in several rooms, so many of all.
  let width = scope.kind === "room" ? 4_096 / Math.max(scope.share, 1e-9) : 8_192;
  while (belowKey > fromKey) {
    const part = scope.kind === "each" ? { query: "", fromKey } : partBelow(belowKey, width);
    const lowest = Math.max(part.fromKey, fromKey);
    const rows = await db.ask((sql) => findsOf(sql, wanted, part.query, lowest, belowKey, size));
    yield rows.flatMap((row) => (row.key === null ? [] : [row]));
    belowKey = rows.length < size ? lowest : (rows.at(-1)?.found_key ?? lowest);
    finds += rows.length;
    const covered = wanted.belowKey - belowKey;
    width = finds > 0 ? (covered / finds) * size * margin : covered * growth;
  }
}

/** The stretches that make up about `width` keys below `belowKey`. */
function partBelow(belowKey: number, width: number): { query: string; fromKey: number } {
  const { letter, keys } = stretches.findLast((stretch) => stretch.keys <= width) ?? stretches[0];
  const newest = Math.floor((belowKey - 1) / keys);
  const count = Math.min(stretchesMax, Math.max(1, Math.ceil(width / keys)), newest + 1);
  const tokens = Array.from({ length: count }, (_, index) => quoted(`${letter}:${newest - index}`));
  return { query: `(${tokens.join(" | ")})`, fromKey: (newest - count + 1) * keys };
}

function findsOf(
  sql: Sql,
  { tokens, scope }: Wanted,
  stretch: string,
  fromKey: number,
  belowKey: number,
  size: number,
): PromiseLike<Find[]> {
  const roomKeys = JSON.stringify(scope.roomKeys);
  const room = scope.kind === "room" ? scope.roomKeys.map((key) => quoted(roomToken(key))) : [];
  const query = [...tokens.map(quoted), ...room, ...(stretch === "" ? [] : [stretch])].join(" & ");
  // The finds stand alone first: next to ORDER BY and LIMIT the planner would rather walk all messages by their key.
  const hits =
    scope.kind === "each"
      ? sql`SELECT hit.message_key
          FROM jsonb_array_elements_text(${roomKeys}::text::jsonb) AS rooms(key), LATERAL (
            SELECT message_key FROM (
              SELECT message_key FROM message_search
              WHERE tokens @@ ('''r:' || rooms.key || ''' & ' || ${query})::tsquery OFFSET 0
            ) AS of_room WHERE message_key < ${belowKey} AND message_key >= ${fromKey}
            ORDER BY message_key DESC LIMIT ${size}
          ) AS hit`
      : scope.kind === "among"
        ? sql`SELECT message_key FROM message_search WHERE tokens @@ ${query}::tsquery
            AND room_key IN (SELECT key::bigint FROM jsonb_array_elements_text(${roomKeys}::text::jsonb) AS rooms(key))`
        : sql`SELECT message_key FROM message_search WHERE tokens @@ ${query}::tsquery`;
  return sql<Find[]>`
    WITH hits AS MATERIALIZED (${hits}), newest AS MATERIALIZED (
      SELECT message_key AS found_key FROM hits WHERE message_key < ${belowKey} AND message_key >= ${fromKey}
      ORDER BY message_key DESC LIMIT ${size}
    )
    SELECT newest.found_key, m.* FROM newest LEFT JOIN messages m ON m.key = newest.found_key
    ORDER BY newest.found_key DESC`;
}

/** A lexeme of a `tsquery`. Quoted, a token is text whatever it holds. */
function quoted(token: string): string {
  return `'${token.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
