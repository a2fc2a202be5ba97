import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Peer } from "./peer.ts";
import { start, temporaryFolder } from "./processes.ts";
import { makeSeats } from "./server.ts";
import { roomsOf } from "./world-plan.ts";

const path = `${process.env["PATH"] ?? ""}:/usr/sbin`;

/** Debian's starter; it changes the user and speaks of one node a machine, so only its folder of libraries is used. */
const starter = (): string | null => Bun.which("ejabberdctl", { PATH: path });

/** Anybody may sign in under any name; nothing is limited or shaped; rooms are archived. */
const config = (port: number) => `
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
modules:
  mod_muc:
    max_users: 10000
    max_user_conferences: 1000
    default_room_options:
      mam: true
      max_users: 10000
  mod_mam:
    default: always
`;

export const ejabberd: Peer = {
  name: "ejabberd",
  ack: "accepted",
  wire: "xmpp",
  // Seen with strace and by SIGKILL: a message that had been reflected was not in the file.
  about:
    "rooms (MUC) with their archive (MAM) in Mnesia, the one store that Debian's package brings along. A message is reflected, which is its ack, after the archive's transaction, whose bytes reach the file up to 3 s later and without fsync.",
  lack: () =>
    starter() !== null && Bun.which("erl") !== null
      ? undefined
      : "apt-get install ejabberd && systemctl disable --now ejabberd",
  async start(plan) {
    const folder = temporaryFolder();
    const spool = join(folder, "spool");
    await mkdir(spool);
    const port = freePort();
    const configFile = join(folder, "ejabberd.yml");
    await Bun.write(configFile, config(port));
    // Without a node name there is no epmd that would outlive it.
    const running = start(
      ["erl", "-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir", `"${spool}"`, "-s", "ejabberd"],
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
    return {
      url: `http://127.0.0.1:${port}`,
      seats: makeSeats(plan, (index) => roomsOf(plan, index)),
      pids: running.pids(),
      stop: () => running.kill(),
    };
  },
};

function libraries(): string {
  const folder = /^ERL_LIBS='([^']+)'/m.exec(readFileSync(starter() ?? "", "utf8"))?.[1];
  if (folder === undefined) throw new Error("ejabberdctl does not say where ejabberd's libraries are");
  return folder;
}

/** ejabberd cannot choose a free port by itself. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => undefined } });
  listener.stop();
  return listener.port;
}
