import { Sqlite3Client, Sqlite3Transaction } from "@libsql/client/sqlite3";
import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import Libsql from "libsql";
import { join } from "node:path";
import { rowsOf } from "../support/sqlite.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { tour } from "./tour.ts";

/** Every statement that the server gives to libSQL while somebody makes a tour of all there is, by kind of use. */
class Recorder {
  readonly statements = new Set<string>();
  readonly #spies = [Sqlite3Client.prototype, Sqlite3Transaction.prototype].map((prototype) => {
    // The driver's own method goes on working: its statements are only noted.
    const original = Reflect.get(prototype, "execute") as (...args: unknown[]) => unknown;
    const { statements } = this;
    return spyOn(prototype, "execute").mockImplementation(function (this: unknown, ...args: unknown[]) {
      const [statement] = args;
      statements.add(typeof statement === "string" ? statement : String((statement as { sql: string }).sql));
      return original.apply(this, args) as never;
    });
  });

  stop(): void {
    for (const spy of this.#spies) spy.mockRestore();
  }
}

/** What may be read from end to end, and why. */
const allowed: { sql: RegExp; why: string }[] = [
  {
    sql: /^insert into "users"/,
    why: "foreign keys of tables without an index on them; skipped at run time (FkIfZero)",
  },
  { sql: /from "revocations" order by "revocations"\."key" desc limit/, why: "by rowid from its end: one row" },
  { sql: /^delete from "one_time_tokens" where "one_time_tokens"\."kind" = \?$/, why: "once, at the start" },
  { sql: /"users"\."role" = \? .*limit \?$/, why: "once, at the start" },
  { sql: /from "users" where "users"\."deleted_at" is not null\)/, why: "once, at the start" },
  { sql: /from "users" where \("users"\."deleted_at" is not null and \(exists/, why: "once, at the start" },
  { sql: /from "rooms" where "rooms"\."is_lobby" = \?.* limit \?$/, why: "the lobby is the first row" },
  {
    sql: /^select count\(\*\) from "users" where \("users"\."disabled_at" is null/,
    why: "remembered a hundred times as long as it takes",
  },
  {
    sql: /^select count\(\*\) from "users" where \(\("users"\."disabled_at" is null .* LIKE/,
    why: "a search inside the lobby",
  },
  { sql: /"rooms"\."owner_key" = \?/, why: "when an account is deleted" },
  { sql: /from "message_purges" limit/, why: "few rows, of which it takes the first" },
  { sql: /from "notifications" order by "notifications"\."key" asc limit/, why: "by rowid from its beginning" },
  { sql: /FROM "search_changes"\) from "search_progress"/, why: "whether there is one row" },
  { sql: /from "search_changes" order by "search_changes"\."key" asc limit/, why: "by rowid from its beginning" },
];

describe("the statements of a tour through everything, on libSQL", () => {
  let server: TestServer;
  let recorder: Recorder;
  let path: string;

  beforeAll(async () => {
    recorder = new Recorder();
    server = await startServer();
    path = join(server.dataDir, "parley.db");
    await tour(server);
    await server.context.jobs.stop();
  });
  afterAll(async () => {
    recorder.stop();
    await server.stop();
  });

  const planOf = (sql: string): string[] => {
    const values = Array.from({ length: parametersOf(path, sql) }, () => 1);
    return rowsOf(path, `EXPLAIN QUERY PLAN ${sql}`, ...values).map(({ detail }) => String(detail));
  };
  const plans = () =>
    [...recorder.statements]
      .filter((sql) => /^\s*(select|update|delete|insert|with)\b/i.test(sql) && !sql.includes("sqlite_master"))
      .map((sql) => ({ sql, plan: planOf(sql) }));

  test("are many, and they were seen", () => {
    expect(plans().length).toBeGreaterThan(60);
    expect(plans().some(({ sql }) => /from "messages"/.test(sql))).toBe(true);
  });

  test("never read messages, members or sessions from end to end", () => {
    const scans = plans().flatMap(({ sql, plan }) =>
      plan.filter((line) => /^SCAN (messages|members|sessions)\b/.test(line)).map((line) => ({ line, sql })),
    );
    expect(scans).toEqual([]);
  });

  test("never read another table from end to end but where it does no harm", () => {
    const scans = plans().flatMap(({ sql, plan }) =>
      plan
        // What a virtual table is asked for stands in its own index: FTS5's, or one parameter's JSON.
        .filter((line) => line.startsWith("SCAN ") && !/USING (COVERING )?INDEX|VIRTUAL TABLE INDEX/.test(line))
        // Compound selects and subqueries have names, too.
        .filter((line) =>
          /^SCAN (users|rooms|members|messages|sessions|\w+_\w+|revocations|settings|notifications|reactions|pins|blocks|bans)\b/.test(
            line,
          ),
        )
        .filter(() => !allowed.some((exception) => exception.sql.test(sql)))
        .map((line) => ({ line, sql })),
    );
    expect(scans).toEqual([]);
  });

  test("never sort what an index has in order: timelines, and what changed in them", () => {
    const sorted = plans().filter(
      ({ sql, plan }) => /from "messages"/.test(sql) && plan.some((line) => line.includes("TEMP B-TREE FOR ORDER BY")),
    );
    expect(sorted).toEqual([]);
  });

  test("the reader of plans finds a scan", () => {
    expect(planOf('select * from "messages" where "content" = ?')).toEqual(["SCAN messages"]);
  });
});

/** How many values a statement takes. */
function parametersOf(path: string, sql: string): number {
  const file = new Libsql(path, { readonly: true });
  try {
    for (let count = 0; ; count++) {
      try {
        file.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array.from({ length: count }, () => 1));
        return count;
      } catch (error) {
        if (count > 2_000 || !/bind|parameter|range/i.test(String(error))) throw error;
      }
    }
  } finally {
    file.close();
  }
}
