import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import type { Peer } from "./peer.ts";
import { lackOfPostgres, type Postgres, startPostgres } from "./postgres.ts";
import { freePort, leashed, type Running, start, temporaryFolder } from "./processes.ts";
import { makeSeats } from "./server.ts";
import { roomsOf } from "./world-plan.ts";

/** Debian's starter; it changes the user and knows one node a machine, so only its folder of libraries is used. */
const starter = (): string | null => Bun.which("ejabberdctl", { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` });
const drivers = "/usr/lib/erlang/lib";
const schema = "/usr/share/ejabberd/sql/pg.sql";

/** Anybody may sign in under any name; nothing is limited or shaped; rooms are archived. */
const config = (port: number, database: Postgres) => `
hosts: [localhost]
loglevel: info
listen:
  - port: ${port}
    ip: 0.0.0.0
    backlog: 1024
    module: ejabberd_http
    request_handlers:
      /ws: ejabberd_http_ws
auth_method: anonymous
anonymous_protocol: login_anon
sql_type: pgsql
sql_server: 127.0.0.1
sql_port: ${database.port}
sql_database: postgres
sql_username: ${database.user}
sql_password: any
modules:
  mod_muc:
    max_users: 10000
    max_user_conferences: 1000
    default_room_options:
      mam: true
      max_users: 10000
  mod_mam:
    db_type: sql
    default: always
`;

export const ejabberd: Peer = {
  name: "ejabberd",
  ack: "fsynced",
  wire: "xmpp",
  // Postgres is the fastest of its archives: 5,400 messages/s in rooms of 2. In Mnesia, the default, it is 2,900, falling
  // with every message that a room has, and a kill loses the last 3 s; in SQLite 590.
  about:
    "rooms (MUC) with their archive (MAM) in Postgres, whose CPU is counted too. A message has its own commit in the archive before it is reflected to its sender, which is its ack.",
  lack: () =>
    starter() !== null && Bun.which("erl") !== null && hasDriver() && lackOfPostgres() === undefined
      ? undefined
      : "apt-get install --no-install-recommends ejabberd erlang-p1-pgsql postgresql; systemctl disable --now ejabberd",
  async start(plan) {
    const database = await startPostgres();
    try {
      await makeTables(database);
      const { running, port } = await startEjabberd(database);
      return {
        url: `http://127.0.0.1:${port}`,
        seats: makeSeats(plan, (index) => roomsOf(plan, index)),
        pids: [running.pid, database.pid],
        async stop() {
          await running.kill();
          await database.kill();
        },
      };
    } catch (error) {
      await database.kill();
      throw error;
    }
  },
};

async function startEjabberd(database: Postgres): Promise<{ running: Running; port: number }> {
  const folder = temporaryFolder();
  const spool = join(folder, "spool");
  await mkdir(spool);
  const port = freePort();
  const configFile = join(folder, "ejabberd.yml");
  await Bun.write(configFile, config(port, database));
  // Without a node name there is no epmd that would outlive it.
  const running = start(
    leashed(["erl", "-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir", `"${spool}"`, "-s", "ejabberd"]),
    {
      cwd: folder,
      env: {
        EJABBERD_CONFIG_PATH: configFile,
        EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
        ERL_CRASH_DUMP_BYTES: "0",
        ERL_LIBS: libraries(),
        ERL_MAX_PORTS: "32000",
      },
    },
  );
  await running.line((line) => (line.includes("Start accepting TCP connections") ? line : undefined));
  return { running, port };
}

const hasDriver = () =>
  existsSync(drivers) && readdirSync(drivers).some((name) => name.startsWith("p1_pgsql")) && existsSync(schema);

function libraries(): string {
  const folder = /^ERL_LIBS='([^']+)'/m.exec(readFileSync(starter() ?? "", "utf8"))?.[1];
  if (folder === undefined) throw new Error("ejabberdctl does not say where ejabberd's libraries are");
  return folder;
}

async function makeTables({ url }: Postgres): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.file(schema);
  } finally {
    await sql.end();
  }
}
