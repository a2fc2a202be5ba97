import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { binary, buildMs, run, serve } from "../support/binary.ts";
import { temporaryFolder } from "../support/environment.ts";
import { request } from "../support/people.ts";

let cwd: string;

setDefaultTimeout(30_000);
beforeAll(async () => {
  await binary();
  cwd = temporaryFolder();
}, buildMs);
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const parley = (args: string, stdin?: string, env: Record<string, string> = {}) =>
  run(args.split(" ").filter(Boolean), {
    cwd,
    env: { BCRYPT_COST: "4", ...env },
    ...(stdin !== undefined && { stdin }),
  });

const json = async (args: string, stdin?: string) => {
  const { code, stdout, stderr } = await parley(`${args} --json`, stdin);
  expect({ code, stderr: args.startsWith("seed") ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
};

describe("every command", () => {
  test.each(["", "serve", "migrate", "user", "seed", "doctor", "version"])("%s --help", async (command) => {
    const { code, stdout, stderr } = await parley(`${command} --help`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`parley ${command}`.trim());
  });

  test.each([
    "",
    "brew",
    "serve --loud",
    "serve now",
    "migrate --down",
    "doctor all",
    "version 2",
    "user",
    "user rename a",
    "user list bob",
    "user add",
    "user add a b --password-stdin",
    "user add bob",
    "user add bob --password-stdin --role king",
    "user disable",
    "user disable bob --role admin",
    "seed --users many",
    "seed --users 0",
    "seed --rooms -1",
    "seed --messages",
  ])("parley %s is wrong use: one line, exit 2", async (args) => {
    const { code, stdout, stderr } = await parley(args, "secret-enough");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^parley: \S.*\n$/);
  });
});

test("version tells the version", async () => {
  expect((await parley("version")).stdout).toStartWith(`Parley ${manifest.version} `);
  expect((await parley("--version")).stdout).toStartWith(`Parley ${manifest.version} `);
  expect(await json("version")).toMatchObject({ version: manifest.version, bun: Bun.version });
});

test("migrate makes the database, and the second time finds nothing to do", async () => {
  const env = { DATA_DIR: join(cwd, "migrated") };
  expect(JSON.parse((await parley("migrate --json", "", env)).stdout)).toMatchObject({ was: "absent" });
  expect(JSON.parse((await parley("migrate --json", "", env)).stdout)).toMatchObject({ was: "ready", applied: [] });
});

describe("user", () => {
  test("add, list, disable, enable and passwd do what they say, also while the server runs", async () => {
    await using server = await serve({ cwd });
    const at = { url: server.url, wsUrl: "" };
    const login = async (password: string) =>
      (await request(at, "POST", "/auth/login", { username: "root", password })).status;

    const added = await json("user add root --password-stdin --role admin --email root@example.org", "first-secret\n");
    expect(added).toMatchObject({ username: "root", role: "admin", email: "root@example.org", disabled: false });
    expect(await json("user list")).toMatchObject([{ username: "root", role: "admin" }]);
    expect((await parley("user list")).stdout).toMatch(/^NAME.*\nroot +admin/);
    expect(await login("first-secret")).toBe(200);

    expect(await json("user passwd root --password-stdin", "second-secret")).toMatchObject({ username: "root" });
    expect(await login("first-secret")).toBe(401);
    expect(await login("second-secret")).toBe(200);

    expect(await json("user disable root")).toMatchObject({ disabled: true });
    expect(await login("second-secret")).not.toBe(200);
    expect(await json("user enable root")).toMatchObject({ disabled: false });
    expect(await login("second-secret")).toBe(200);
  });

  test.each([
    ["user add root --password-stdin", "another-secret", /name is taken/],
    ["user add bob --password-stdin", "short", /password/],
    ["user add bob --password-stdin", "password123", /password/],
    ["user add b! --password-stdin", "another-secret", /username/],
    ["user add bob --password-stdin --email nowhere", "another-secret", /email/],
    ["user disable nobody-here", "", /does not exist/],
    ["user passwd nobody-here --password-stdin", "another-secret", /does not exist/],
  ])("%s < %s is refused in one line, exit 1", async (args, stdin, reason) => {
    const { code, stdout, stderr } = await parley(args, stdin);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^parley: \S.*\n$/);
    expect(stderr).toMatch(reason);
    if (stdin !== "") expect(stderr).not.toContain(stdin);
  });
});

describe("seed", () => {
  test("makes a world of the wanted size, with tokens that work", async () => {
    const tokens = join(cwd, "tokens.jsonl");
    const made = await json(`seed --users 40 --rooms 9 --messages 2500 --tokens ${tokens}`);
    expect(made).toMatchObject({ users: 40, rooms: 9, messages: 2500, tokens });
    const lines = readFileSync(tokens, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(40);
    expect(statSync(tokens).mode & 0o777).toBe(0o600);

    await using server = await serve({ cwd });
    const at = { url: server.url, wsUrl: "" };
    let messages = 0;
    const seen = new Set<string>();
    for (const line of lines) {
      const { user_id, username, token } = JSON.parse(line) as Record<"user_id" | "username" | "token", string>;
      const own = await request(at, "GET", "/users/me", undefined, { token });
      expect(own.data).toMatchObject({ id: user_id, username });
      const rooms = await request(at, "GET", "/rooms?type=joined&per_page=100", undefined, { token });
      for (const room of rooms.data as { id: string; last_seq: number; rev: number; unread_count: number }[]) {
        if (!seen.has(room.id)) messages += room.last_seq;
        seen.add(room.id);
        expect(room.rev).toBeGreaterThanOrEqual(room.last_seq);
        expect(room.unread_count).toBeLessThanOrEqual(room.last_seq);
      }
    }
    expect(seen.size).toBe(10);
    expect(messages).toBe(2500);
    const first = JSON.parse(lines[0] ?? "") as { username: string };
    const body = { username: first.username, password: made.password };
    expect((await request(at, "POST", "/auth/login", body)).status).toBe(200);
  });

  test("a second world stands beside the first", async () => {
    await json("seed --users 40 --rooms 3 --messages 100");
    const accounts = (await json("user list")) as { username: string }[];
    expect(new Set(accounts.map(({ username }) => username)).size).toBe(accounts.length);
    expect(accounts.length).toBeGreaterThanOrEqual(80);
  });

  test("a file for tokens that cannot be written is told before anything is made", async () => {
    const env = { DATA_DIR: join(cwd, "unseeded") };
    const { code, stderr } = await parley(`seed --tokens ${cwd}/nowhere/tokens`, "", env);
    expect({ code, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, lines: 1 });
    expect(await Bun.file(join(cwd, "unseeded/parley.db")).exists()).toBe(false);
  });
});

describe("doctor", () => {
  test("finds nothing wrong with a fresh folder, and changes nothing", async () => {
    const env = { DATA_DIR: join(cwd, "untouched"), PORT: "1" };
    const { code, stdout } = await parley("doctor --json", "", env);
    const findings = JSON.parse(stdout) as { check: string; status: string }[];
    expect(findings.filter(({ status }) => status === "failed")).toEqual([]);
    expect(code).toBe(0);
    expect((await parley("doctor", "", env)).stdout).toMatch(/^database +ok/m);
    expect(await Bun.file(join(cwd, "untouched/parley.db")).exists()).toBe(false);
  });

  test("names what is wrong and exits 1", async () => {
    await Bun.write(join(cwd, "garbage.db"), "garbage".repeat(1000));
    const { code, stdout } = await parley("doctor --json", "", { DATABASE_URL: `file:${join(cwd, "garbage.db")}` });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ check: "database", status: "failed" }));
  });

  test("--health asks the running server", async () => {
    await using server = await serve({ cwd });
    const env = { PORT: new URL(server.url).port };
    expect((await parley("doctor --health", "", env)).code).toBe(0);
    await server.stop();
    const { code, stderr } = await parley("doctor --health", "", env);
    expect({ code, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, lines: 1 });
  });
});
