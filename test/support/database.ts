import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Database, LibsqlDatabase, Rows } from "../../src/server/platform/db/database.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import type { TestedDatabase } from "./dialects.ts";
import { temporaryFolder } from "./environment.ts";
import { freshPostgres } from "./postgres.ts";
import { freshRemote } from "./sqld.ts";
import { rowsOf } from "./sqlite.ts";

export interface FreshDatabase {
  url: string;
  db: Database;
  dispose(): Promise<void>;
}

/** An address at which nothing is stored yet. */
export async function freshUrl(dialect: TestedDatabase): Promise<{ url: string; clear(): Promise<void> }> {
  if (dialect === "postgres") {
    const { url, drop } = await freshPostgres();
    return { url, clear: drop };
  }
  if (dialect === "remote") {
    const { url, drop } = await freshRemote();
    return { url, clear: drop };
  }
  const folder = temporaryFolder();
  return {
    url: `file:${join(folder, "parley.db")}`,
    clear: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A migrated, empty database of the dialect. */
export async function freshDatabase(dialect: TestedDatabase): Promise<FreshDatabase> {
  const { url, clear } = await freshUrl(dialect);
  const db = await openDatabase(url, named("test"));
  return {
    url,
    db,
    dispose: async () => {
      await db.close();
      await clear();
    },
  };
}

/** Rows of libSQL, read beside what a server does there. */
export async function libsqlRows(db: LibsqlDatabase, sql: string, ...values: (string | number)[]): Promise<Rows> {
  if (!db.isRemote) return rowsOf(db.path, sql, ...values);
  const [rows] = await db.transact([{ sql, values }]);
  return rows ?? [];
}

/** Stores a person and gives their `key`. */
export async function storeUser(db: Database, username: string): Promise<number> {
  const [row] = await db.write((tx) =>
    tx
      .insert(db.tables.users)
      .values({
        id: Bun.randomUUIDv7(),
        username,
        username_lower: username,
        username_skeleton: username,
        display_name: username,
        display_name_lower: username,
        email_verified: false,
        password_hash: "",
        role: "user",
        bio: "",
        status_text: "",
        privacy: "{}",
        lobby_from_seq: 0,
        created_at: 0,
      })
      .returning({ key: db.tables.users.key }),
  );
  if (!row) throw new Error("the person was not stored");
  return row.key;
}

/** Stores an empty public room and gives its `key`. */
export async function storeRoom(db: Database, name: string): Promise<number> {
  const [row] = await db.write((tx) =>
    tx
      .insert(db.tables.rooms)
      .values({
        id: Bun.randomUUIDv7(),
        type: "public",
        is_lobby: false,
        name,
        name_lower: name,
        description: "",
        slow_mode_s: 0,
        member_count: 0,
        last_seq: 0,
        rev: 0,
        settings_rev: 0,
        created_at: 0,
      })
      .returning({ key: db.tables.rooms.key }),
  );
  if (!row) throw new Error("the room was not stored");
  return row.key;
}
