import { chownSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { freePort } from "./free-port.ts";
import { orFail } from "./needs.ts";

const programs = findPrograms();

/** Why there is no Postgres on this machine; `undefined` when there is one. */
export const postgresLack = orFail(programs === undefined ? "Postgres is not installed" : undefined);

function findPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const bins = versions.map((version) => join(root, version, "bin"));
  const onPath = Bun.which("initdb");
  return [...bins, ...(onPath ? [join(onPath, "..")] : [])].find((bin) => existsSync(join(bin, "initdb")));
}

/** initdb and postgres refuse to run as root: then they run as the system's user for it. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string, user: string) => Bun.spawnSync(["id", flag, user]);
  const user = ["postgres", "nobody"].find((name) => id("-u", name).success);
  if (user === undefined) throw new Error("Postgres needs a user that is not root");
  return { uid: Number(id("-u", user).stdout), gid: Number(id("-g", user).stdout) };
}

/** The server stops, and its folder goes, when this process ends, however it ends: then its standard input closes. */
const guarded = `
"$BIN/postgres" -D "$DATA" -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$DATA"`;

async function start(): Promise<string> {
  if (programs === undefined) throw new Error("Postgres is not installed");
  const as = unprivileged();
  const data = mkdtempSync(join(tmpdir(), "parley-postgres-"));
  if (as) chownSync(data, as.uid, as.gid);
  const init = Bun.spawnSync(
    [join(programs, "initdb"), "-D", data, "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    { ...as, cwd: data },
  );
  if (!init.success) throw new Error(`initdb failed: ${init.stderr.toString()}`);
  const port = await freePort();
  const server = Bun.spawn(["sh", "-c", guarded], {
    ...as,
    cwd: data,
    env: { PATH: process.env["PATH"] ?? "", BIN: programs, DATA: data, PORT: String(port) },
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
  });
  server.unref();
  await readyLine(server.stderr);
  return `postgres://parley@127.0.0.1:${port}`;
}

/** Reads the log until Postgres says that it is ready, and goes on reading in the background, so that it never blocks. */
async function readyLine(stderr: ReadableStream<Uint8Array>): Promise<void> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  let log = "";
  void (async () => {
    for await (const chunk of stderr) {
      if (log.length < 20_000) log += decoder.decode(chunk, { stream: true });
      if (log.includes("ready to accept connections")) resolve();
    }
    reject(new Error(`Postgres ended: ${log}`));
  })();
  await ready;
}

let running: Promise<string> | undefined;
let count = 0;

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A fresh, empty database on the one Postgres of this test process, which is started when first asked for. */
export async function freshPostgres(): Promise<TestDatabase> {
  running ??= start();
  const base = await running;
  const name = `parley_${process.pid}_${++count}`;
  await administer(base, (sql) => sql`CREATE DATABASE ${sql(name)}`);
  return {
    url: `${base}/${name}`,
    drop: () => administer(base, (sql) => sql`DROP DATABASE IF EXISTS ${sql(name)} WITH (FORCE)`),
  };
}

async function administer(base: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(`${base}/postgres`, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}
