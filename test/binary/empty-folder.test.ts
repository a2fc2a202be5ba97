import { afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, buildMs, run, serve } from "../support/binary.ts";
import { temporaryFolder } from "../support/environment.ts";
import { TestSocket } from "../support/socket.ts";
import { request } from "../support/people.ts";

let folder: string;

setDefaultTimeout(30_000);
beforeAll(binary, buildMs);
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

test("the binary in an empty folder: a page, people, a chat, and all is there after the next start", async () => {
  const body = { username: "alice", password: "correct horse battery" };
  {
    await using server = await serve({ cwd: folder });
    expect(server.firstLine).toMatch(/^\{.*"msg":"ready"/);
    const page = await fetch(server.url);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain('<script type="module"');
    const at = { url: server.url, wsUrl: `${server.url.replace("http", "ws")}/ws` };
    const signedIn = await request(at, "POST", "/auth/register", body);
    expect(signedIn.status).toBe(201);
    const { token } = signedIn.data as { token: string };
    const socket = new TestSocket(`${at.wsUrl}?token=${token}`);
    const { rooms } = (await socket.ready()).payload;
    const lobby = rooms.find(({ is_lobby }) => is_lobby);
    const sent = await request(
      at,
      "POST",
      `/rooms/${lobby?.id}/messages`,
      { content: "我喜歡牛肉麵", temp_id: "1" },
      { token },
    );
    expect(sent.status).toBe(201);
    expect(await server.stop()).toBe(0);
  }
  expect(readdirSync(folder)).toEqual(["data"]);
  expect(statSync(join(folder, "data")).mode & 0o777).toBe(0o700);
  await using server = await serve({ cwd: folder });
  const at = { url: server.url, wsUrl: "" };
  const { token } = (await request(at, "POST", "/auth/login", body)).data as { token: string };
  const { data: rooms } = await request(at, "GET", "/rooms?type=joined", undefined, { token });
  expect(rooms).toMatchObject([{ is_lobby: true, last_message: { content: "我喜歡牛肉麵" } }]);
});

test("a hostile .env and bunfig.toml beside it are ignored", async () => {
  const evil = join(folder, "evil");
  writeFileSync(join(folder, ".env"), "DATA_DIR=/proc/nowhere\nJWT_SECRET=short\nLOG_LEVEL=loud\n");
  writeFileSync(join(folder, ".env.production"), "DATA_DIR=/proc/nowhere\n");
  writeFileSync(join(folder, ".env.local"), "DATA_DIR=/proc/nowhere\n");
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./evil.ts"]\n[serve]\nport = 1\n');
  writeFileSync(join(folder, "evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(evil)}, "");`);
  writeFileSync(join(folder, "tsconfig.json"), '{"compilerOptions":{"paths":{"hono":["./evil.ts"]}}}');
  writeFileSync(join(folder, "package.json"), '{"name":"evil","version":"9.9.9","type":"commonjs"}');
  await using server = await serve({ cwd: folder });
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(existsSync(evil)).toBe(false);
  expect(existsSync(join(folder, "data/parley.db"))).toBe(true);
});

test("without a terminal the ready line is JSON, and with LOG_FORMAT=text a sentence, whatever LOG_LEVEL", async () => {
  await using server = await serve({ cwd: folder, env: { LOG_FORMAT: "text", LOG_LEVEL: "error" } });
  expect(server.firstLine).toMatch(/^Parley \d+\.\d+\.\d+ is ready at http:\/\/127\.0\.0\.1:\d+$/);
});

test("a temporary folder that cannot be written to is told in one line", async () => {
  const { code, stderr } = await run(["migrate"], { cwd: folder, env: { TMPDIR: "/proc/nowhere" } });
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("TMPDIR") });
});

test("libSQL is unpacked once, for this user alone, and not loaded from where others may write", async () => {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const migrate = () => run(["migrate"], { cwd: folder, env: { TMPDIR: temporary } });
  expect(await migrate()).toMatchObject({ code: 0 });
  const [name = "nothing"] = readdirSync(temporary);
  const own = join(temporary, name);
  expect(statSync(own).mode & 0o777).toBe(0o700);
  expect(readdirSync(own)).toEqual(["libsql.node"]);
  const { ino, mtimeMs } = statSync(join(own, "libsql.node"));
  expect(await migrate()).toMatchObject({ code: 0 });
  expect(readdirSync(temporary)).toEqual([name]);
  expect(statSync(join(own, "libsql.node"))).toMatchObject({ ino, mtimeMs });
  chmodSync(own, 0o777);
  expect(await migrate()).toMatchObject({ code: 1, stderr: expect.stringContaining(`${own} is open to others`) });
});
