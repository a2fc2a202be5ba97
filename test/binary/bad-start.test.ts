import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import Libsql from "libsql";
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, buildMs, type Outcome, run } from "../support/binary.ts";
import { temporaryFolder } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";

/** A user without rights, so that folders can be closed to the program even when the tests run as root. */
const nobody = process.getuid?.() === 0 ? 65_534 : undefined;

let cwd: string;

setDefaultTimeout(30_000);
beforeAll(async () => {
  await binary();
  cwd = temporaryFolder();
}, buildMs);
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const serve = (env: Record<string, string>, uid?: number) =>
  run(["serve"], { cwd, env: { PORT: "0", ...env }, ...(uid !== undefined && { uid }) });

/** One line on standard error that says `what`; no ready line, no stack. */
function expectOneLine({ code, stdout, stderr }: Outcome, what: RegExp): void {
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(/^parley: \S/);
  expect(stderr).toMatch(what);
  expect(stdout + stderr).not.toMatch(/^\s+at /m);
  expect(stdout).not.toContain("ready");
  expect(code).toBe(1);
}

describe("a start that cannot succeed says why in one line:", () => {
  test("the port is taken", async () => {
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const outcome = await serve({ PORT: String(taken.port), DATA_DIR: join(cwd, "port") });
    expectOneLine(outcome, new RegExp(`PORT ${taken.port}: something else listens there`));
  });

  test("the host is not this machine's", async () => {
    expectOneLine(await serve({ HOST: "192.0.2.1", DATA_DIR: join(cwd, "host") }), /192\.0\.2\.1/);
  });

  test("the data folder is not writable", async () => {
    const closed = join(cwd, "closed");
    mkdirSync(closed);
    chmodSync(cwd, 0o755);
    chmodSync(closed, 0o555);
    expectOneLine(await serve({ DATA_DIR: closed }, nobody), new RegExp(closed));
  });

  test("the data folder cannot be made", async () => {
    const file = join(cwd, "file");
    writeFileSync(file, "");
    expectOneLine(await serve({ DATA_DIR: join(file, "data") }), new RegExp(file));
  });

  test("the database file is not a database", async () => {
    const path = join(cwd, "text.db");
    writeFileSync(path, "this is no database at all, but a text of some length\n".repeat(100));
    expectOneLine(await serve({ DATABASE_URL: `file:${path}`, DATA_DIR: join(cwd, "text") }), /not a Parley database/);
    expect(await Bun.file(path).text()).toStartWith("this is no database");
  });

  test("the database belongs to another program, and stays as it is", async () => {
    const path = join(cwd, "foreign.db");
    const foreign = new Libsql(path);
    foreign.exec("CREATE TABLE users (id INTEGER PRIMARY KEY, shoe_size INTEGER)");
    foreign.exec("INSERT INTO users VALUES (1, 43)");
    foreign.close();
    expectOneLine(await serve({ DATABASE_URL: `file:${path}`, DATA_DIR: join(cwd, "other") }), /not a Parley database/);
    const again = new Libsql(path, { readonly: true });
    expect(again.prepare("SELECT name FROM sqlite_master").all()).toHaveLength(1);
    again.close();
  });

  test("the database file belongs to somebody else", async () => {
    const path = join(cwd, "locked.db");
    writeFileSync(path, "");
    if (nobody !== undefined) chownSync(path, 0, 0);
    chmodSync(path, 0o000);
    const folder = join(cwd, "mine");
    mkdirSync(folder);
    if (nobody !== undefined) chownSync(folder, nobody, nobody);
    expectOneLine(await serve({ DATABASE_URL: `file:${path}`, DATA_DIR: folder }, nobody), new RegExp(path));
  });

  test("Postgres is not there", async () => {
    const port = await freePort();
    const outcome = await serve({
      DATABASE_URL: `postgres://parley:swordfish@127.0.0.1:${port}/parley`,
      DATA_DIR: join(cwd, "postgres"),
    });
    expectOneLine(outcome, new RegExp(`127\\.0\\.0\\.1:${port}`));
    expect(outcome.stderr).not.toContain("swordfish");
  });

  test("the certificate is not there", async () => {
    const missing = join(cwd, "missing.pem");
    const outcome = await serve({ TLS_CERT: missing, TLS_KEY: missing, DATA_DIR: join(cwd, "tls") });
    expectOneLine(outcome, /missing\.pem/);
  });

  test("the certificate is none", async () => {
    const garbage = join(cwd, "garbage.pem");
    writeFileSync(garbage, "garbage");
    expectOneLine(
      await serve({ TLS_CERT: garbage, TLS_KEY: garbage, DATA_DIR: join(cwd, "tls2") }),
      /TLS_CERT.*garbage\.pem/,
    );
  });

  test.each([
    ["PORT", "70000"],
    ["PORT", "http"],
    ["PORT", "-1"],
    ["DATABASE_URL", "mysql://localhost/x"],
    ["DATABASE_URL", "file:"],
    ["DATABASE_URL", "file::memory:"],
    ["DATABASE_URL", "file://host/parley.db"],
    ["DATABASE_URL", "file:parley.db?mode=ro"],
    ["DATABASE_URL", "postgres:"],
    ["REDIS_URL", "localhost:6379"],
    ["REDIS_URL", "http://localhost:6379"],
    ["REDIS_URL", "redis://localhost/name"],
    ["REDIS_URL", "redis://:100%@localhost"],
    ["PUBLIC_URL", "chat.example"],
    ["ALLOWED_ORIGINS", "chat.example"],
    ["TRUST_PROXY", "everybody"],
    ["ACCESS_TOKEN_TTL", "soon"],
    ["REFRESH_TOKEN_TTL", "0d"],
    ["BCRYPT_COST", "3"],
    ["BCRYPT_COST", "16"],
    ["REGISTRATION", "maybe"],
    ["GUESTS", "yes"],
    ["RATE_LIMITS", "no"],
    ["RATE_MESSAGES_PER_SECOND", "1.5"],
    ["MAX_SOCKETS_PER_USER", "many"],
    ["MESSAGE_MAX_CHARS", "0"],
    ["ROOM_MAX_MEMBERS", "1"],
    ["DRAIN_DELAY", "1h"],
    ["LOG_LEVEL", "loud"],
    ["LOG_FORMAT", "xml"],
    ["SMTP_URL", "mail.example"],
  ])("%s holds %s", async (name, value) => {
    const outcome = await serve({ DATA_DIR: join(cwd, "variables"), [name]: value });
    expectOneLine(outcome, new RegExp(`${name} holds .*; it may hold \\S`));
  });

  test("a secret that is wrong is not repeated", async () => {
    const outcome = await serve({ DATA_DIR: join(cwd, "variables"), JWT_SECRET: "swordfish" });
    expectOneLine(outcome, /JWT_SECRET holds .*; it may hold at least 32 characters/);
    expect(outcome.stderr).not.toContain("swordfish");
  });
});

test("an empty variable counts as unset", async () => {
  const env = { DATA_DIR: join(cwd, "empty"), DATABASE_URL: "", SMTP_URL: "", JWT_SECRET: "", BCRYPT_COST: "" };
  expect(await run(["migrate"], { cwd, env })).toMatchObject({ code: 0, stderr: "" });
});
