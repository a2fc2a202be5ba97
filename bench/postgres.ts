import { chownSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { freePort, leashed, run, type Running, start, temporaryFolder } from "./processes.ts";

const user = "bench";
/** Of 16 MB each: more than any cell writes between two checkpoints. */
const logSegments = 40;

/** Where Debian's package puts its programs, the newest first, or wherever they are on the path. */
function programs(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = Bun.which("initdb");
  const folders = [...versions.map((version) => join(root, version, "bin")), ...(onPath ? [join(onPath, "..")] : [])];
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** Why there is no Postgres here, as the way to install it. */
export function lackOfPostgres(): string | undefined {
  return programs() === undefined ? "apt-get install postgresql" : undefined;
}

export interface Postgres extends Running {
  user: string;
  port: number;
  /** Of its one database. */
  url: string;
}

/** A Postgres of its own with its defaults, so that a commit is fsynced; only its vacuum rests. */
export async function startPostgres(): Promise<Postgres> {
  const folder = programs();
  if (folder === undefined) throw new Error("Postgres is not installed");
  const unprivileged = await notRoot();
  const data = temporaryFolder();
  if (unprivileged) chownSync(data, unprivileged.uid, unprivileged.gid);
  const as = { cwd: data, ...(unprivileged && { user: unprivileged }) };
  await run([join(folder, "initdb"), "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C"], as);
  const port = freePort();
  // Vacuum's processes come and go: their time could not be counted.
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "autovacuum=off", "shared_buffers=256MB"];
  settings.push(`min_wal_size=${logSegments * 16}MB`);
  const options = settings.flatMap((setting) => ["-c", setting]);
  const running = start(leashed([join(folder, "postgres"), "-D", data, "-p", `${port}`, ...options]), as);
  await running.line((line) => (line.includes("ready to accept connections") ? line : undefined));
  const url = `postgres://${user}@127.0.0.1:${port}/postgres`;
  await runIn(url);
  return {
    ...running,
    user,
    port,
    url,
    // At once, its children first.
    kill: () => running.kill("SIGQUIT"),
  };
}

/**
 * Gives the server what one that has run for a day has: segments of its log to use again. Where there is none, every
 * commit waits some 50 ms for 16 MB of zeros to reach the disk, which at 2,000 messages/s was every five seconds.
 */
async function runIn(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  for (let segment = 0; segment < logSegments; segment++) {
    await sql`SELECT pg_logical_emit_message(false, 'bench', 'fills a segment')`;
    await sql`SELECT pg_switch_wal()`;
  }
  await sql`CHECKPOINT`;
  await sql.end();
}

/** initdb and postgres refuse to run as root. */
async function notRoot(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run(["id", flag, "postgres"])));
  return { uid: Number(uid), gid: Number(gid) };
}
