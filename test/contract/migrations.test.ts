import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Libsql from "libsql";
import postgres from "postgres";
import type { z } from "zod";
import { migrations, type Migration } from "../../db/migrations.ts";
import type { Database } from "../../src/server/platform/db/database.ts";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import { StartError } from "../../src/server/platform/start-error.ts";
import { freshUrl, libsqlRows, storeUser } from "../support/database.ts";
import { forEachDialect } from "../support/dialects.ts";
import { temporaryFolder } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { postgresLack } from "../support/postgres.ts";
import { rowsOf } from "../support/sqlite.ts";
import type { startRequest } from "../support/open-database.ts";

const log = named("test");
const later: Migration[] = [
  { name: "9998_later", createdAtMs: 1, statements: ["CREATE TABLE later (a INTEGER NOT NULL)"] },
  { name: "9999_last", createdAtMs: 2, statements: ["ALTER TABLE later ADD COLUMN b INTEGER"] },
];

/** Starts the database in another process. */
async function startElsewhere(request: z.infer<typeof startRequest>) {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../support/open-database.ts"), JSON.stringify(request)],
    {
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { applied: stdout.split("\n").filter(Boolean), stderr, code: child.exitCode, signal: child.signalCode };
}

async function tableExists(db: Database, name: string): Promise<boolean> {
  if (db.dialect === "postgres") {
    const rows = await db.ask((sql) => sql`SELECT 1 FROM information_schema.tables WHERE table_name = ${name}`);
    return rows.length > 0;
  }
  const rows = await libsqlRows(db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name);
  return rows.length > 0;
}

async function usernames(db: Database): Promise<string[]> {
  const rows = await db.read.select({ username: db.tables.users.username }).from(db.tables.users);
  return rows.map(({ username }) => username);
}

forEachDialect((dialect) => {
  const all = [...migrations(dialect), ...later];
  const names = all.map(({ name }) => name);
  let url: string;
  let clear: () => Promise<void>;
  beforeEach(async () => {
    ({ url, clear } = await freshUrl(dialect));
  });
  afterEach(() => clear());

  test("of starts at once, one migrates, the others wait for it, and all serve", async () => {
    const starts = await Promise.all([1, 2, 3].map(() => startElsewhere({ url, later })));
    expect(starts.map(({ code, stderr }) => ({ code, stderr }))).toEqual(starts.map(() => ({ code: 0, stderr: "" })));
    expect(starts.flatMap(({ applied }) => applied).sort()).toEqual(names.toSorted());
  });

  test("of starts at once on an older database, one migrates", async () => {
    await (await openDatabase(url, log)).close();
    const starts = await Promise.all([1, 2, 3].map(() => startElsewhere({ url, later })));
    expect(starts.map(({ code, stderr }) => ({ code, stderr }))).toEqual(starts.map(() => ({ code: 0, stderr: "" })));
    expect(starts.flatMap(({ applied }) => applied).sort()).toEqual(later.map(({ name }) => name));
  });

  for (const [index, step] of names.entries()) {
    test(`killed in the first start after ${step}, the next start does it all`, async () => {
      const killed = await startElsewhere({ url, later, dieAfter: step });
      expect(killed.signal).toBe("SIGKILL");
      expect(killed.applied).toEqual(names.slice(0, index + 1));
      const again = await startElsewhere({ url, later });
      expect(again).toEqual({ applied: names, stderr: "", code: 0, signal: null });
    });
  }

  test("killed half way in an upgrade, nothing of it is there, what was stored is, and the next start does it", async () => {
    const before = await openDatabase(url, log);
    await storeUser(before, "ann");
    await before.close();
    const killed = await startElsewhere({ url, later, dieAfter: "9998_later" });
    expect(killed.signal).toBe("SIGKILL");

    const old = await openDatabase(url, log);
    expect(await tableExists(old, "later")).toBe(false);
    expect(await usernames(old)).toEqual(["ann"]);
    await old.close();

    const upgraded = await openDatabase(url, log, { steps: all });
    expect(await tableExists(upgraded, "later")).toBe(true);
    expect(await usernames(upgraded)).toEqual(["ann"]);
    await upgraded.close();
  });

  test("a step that fails stops the start with one line and leaves the database as it was", async () => {
    await (await openDatabase(url, log)).close();
    const broken = [
      ...all.slice(0, -1),
      { name: "9999_last", createdAtMs: 2, statements: ["CREATE TABLE later (a)", "?"] },
    ];
    const failure = await openDatabase(url, log, { steps: broken }).then(() => undefined, String);
    expect(failure).toMatch(/^Error: (the database|DATABASE_URL: Postgres at) /);
    expect(failure).not.toContain("\n");
    const old = await openDatabase(url, log);
    expect(await tableExists(old, "later")).toBe(false);
    await old.close();
  });

  test("a database of a newer Parley is refused and not touched", async () => {
    await (await openDatabase(url, log, { steps: all })).close();
    const failure = await openDatabase(url, log).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartError);
    expect(String(failure)).toContain("9998_later");
    await (await openDatabase(url, log, { steps: all })).close();
  });

  test("a start that finds nothing to do changes nothing", async () => {
    await (await openDatabase(url, log)).close();
    expect(await startElsewhere({ url, later: [] })).toEqual({ applied: [], stderr: "", code: 0, signal: null });
  });
});

describe("the snapshot before an upgrade, on libSQL", () => {
  let url: string;
  let clear: () => Promise<void>;
  let folder: string;
  beforeEach(async () => {
    ({ url, clear } = await freshUrl("libsql"));
    folder = join(dirname(url.slice("file:".length)), "snapshots");
  });
  afterEach(() => clear());

  test("holds what was stored, even when the upgrade is killed half way", async () => {
    const before = await openDatabase(url, log);
    await storeUser(before, "ann");
    await before.close();
    await startElsewhere({ url, later, dieAfter: "9999_last" });
    const [snapshot, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    const path = join(folder, snapshot ?? "");
    expect(rowsOf(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(rowsOf(path, "SELECT username FROM users")).toEqual([{ username: "ann" }]);
    expect(rowsOf(path, "SELECT name FROM migrations")).toEqual(migrations("libsql").map(({ name }) => ({ name })));
  });

  test("is not made at the first start, nor when there is nothing to do", async () => {
    await (await openDatabase(url, log)).close();
    await (await openDatabase(url, log)).close();
    expect(existsSync(folder)).toBe(false);
  });
});

describe("what is not ours", () => {
  /** Refused with a line that names the place, and not a byte of it changed. */
  async function refuses(path: string): Promise<void> {
    const before = readFileSync(path);
    const failure = await openDatabase(`file:${path}`, log).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartError);
    expect(String(failure)).toContain(path);
    expect(readFileSync(path)).toEqual(before);
  }

  test("a file that is no database is refused", async () => {
    const path = join(temporaryFolder(), "parley.db");
    writeFileSync(path, "Dear diary, ".repeat(1_000));
    await refuses(path);
  });

  test("another program's database is refused", async () => {
    const path = join(temporaryFolder(), "parley.db");
    const file = new Libsql(path);
    file.exec("CREATE TABLE users (name TEXT)");
    file.close();
    await refuses(path);
  });

  test("a folder in the database's place is refused", async () => {
    const path = join(temporaryFolder(), "parley.db");
    mkdirSync(path);
    await expect(openDatabase(`file:${path}`, log)).rejects.toThrow(StartError);
  });

  test("a Postgres that is not there is named without its password", async () => {
    const url = `postgres://parley:secret-word@127.0.0.1:${await freePort()}/chat`;
    const failure = await openDatabase(url, log).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartError);
    expect(String(failure)).toContain("127.0.0.1");
    expect(String(failure)).not.toContain("secret-word");
    expect(String(failure)).not.toContain("\n");
  });

  test.skipIf(postgresLack !== undefined)("a Postgres database with other tables is refused", async () => {
    const { url, clear } = await freshUrl("postgres");
    const sql = postgres(url, { max: 1 });
    await sql`CREATE TABLE users (name text)`;
    await sql.end();
    await expect(openDatabase(url, log)).rejects.toThrow(StartError);
    await clear();
  });
});
