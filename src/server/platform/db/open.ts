import type { Log } from "../log.ts";
import type { Database } from "./database.ts";
import { openLibsql } from "./dialect/libsql.ts";
import { openPostgres } from "./dialect/postgres.ts";

/** Opens and migrates the database behind `url` (`file:…` or `postgres://…`). Throws `StartError`. */
export function openDatabase(url: string, log: Log): Promise<Database> {
  return url.startsWith("file:") ? openLibsql(url, log) : openPostgres(url, log);
}
