import { migrations, type Migration } from "../../../../db/migrations.ts";
import type { Log } from "../log.ts";
import type { Database } from "./database.ts";
import { openLibsql } from "./dialect/libsql.ts";
import { openPostgres } from "./dialect/postgres.ts";

/**
 * Opens and migrates the database behind `url` (`file:…` or `postgres://…`). Throws `StartError`. `steps` are the
 * migrations of the dialect, but for tests that bring later ones.
 */
export function openDatabase(url: string, log: Log, steps?: readonly Migration[]): Promise<Database> {
  return url.startsWith("file:")
    ? openLibsql(url, log, steps ?? migrations("libsql"))
    : openPostgres(url, log, steps ?? migrations("postgres"));
}
