import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { room } from "../../src/protocol/models.ts";
import { temporaryFolder } from "../support/environment.ts";
import { person } from "../support/people.ts";
import { lackOf } from "../support/needs.ts";
import { spawnServer } from "../support/server-process.ts";

const lack = lackOf("strace");
const traced = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg";

interface Seen {
  /** Log writes since the last ack, and syncs that ended after one of them. */
  writes: number;
  syncs: number;
}

/** For each ack that leaves the process: what happened to the database's log since the one before. */
function acksIn(trace: string): Seen[] {
  const acks: Seen[] = [];
  let since: Seen = { writes: 0, syncs: 0 };
  /** A sync that another thread's call interrupts in the trace ends on a line of its own. */
  const syncing = new Map<string, boolean>();
  for (const line of trace.split("\n")) {
    const [, thread = "", call = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const isLog = call.includes("parley.db-wal>");
    if (/^pwritev?(64)?\(/.test(call) && isLog) since.writes++;
    else if (/^(fsync|fdatasync)\(/.test(call)) {
      if (call.includes("<unfinished")) syncing.set(thread, isLog);
      else if (isLog && call.endsWith(" = 0") && since.writes > 0) since.syncs++;
    } else if (/^<\.\.\. (fsync|fdatasync) resumed/.test(call)) {
      if (syncing.get(thread) && call.endsWith(" = 0") && since.writes > 0) since.syncs++;
      syncing.delete(thread);
    } else if (/^(write|writev|sendto|sendmsg)\(/.test(call) && call.includes("message_ack")) {
      acks.push(since);
      since = { writes: 0, syncs: 0 };
    }
  }
  return acks;
}

describe.skipIf(lack !== undefined)(
  `the order of system calls${lack === undefined ? "" : ` (skipped: ${lack})`}`,
  () => {
    test("each ack leaves only after the log with its message was synced to disk", async () => {
      const folder = temporaryFolder();
      const file = join(folder, "trace");
      const server = await spawnServer({
        // `-D`: the tracer is the grandchild, and the server stays our own child, to be signalled.
        under: ["strace", "-D", "-f", "-qq", "-y", "-s", "300", "-e", traced, "-e", "signal=none", "-o", file],
      });
      const ann = await person(server, "ann");
      const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
      const socket = await ann.connect();
      const count = 25;
      // One after the other: each has a transaction of its own.
      for (let number = 0; number < count; number++) await socket.say(roomId, `number ${number}`);
      socket.close();
      await server.stop();
      const acks = acksIn(readFileSync(file, "utf8"));
      rmSync(folder, { recursive: true });
      expect(acks).toHaveLength(count);
      expect(acks.filter(({ writes, syncs }) => writes === 0 || syncs === 0)).toEqual([]);
    }, 60_000);

    test("the reader of traces finds an ack that was too early", () => {
      const early = `12 pwrite64(9</d/parley.db-wal>, "x", 4096, 0) = 4096
12 fdatasync(9</d/parley.db-wal> <unfinished ...>
10 sendto(20<socket:[1]>, "{\\"type\\":\\"message_ack\\"", 20, 0, NULL, 0) = 20
12 <... fdatasync resumed>) = 0`;
      expect(acksIn(early)).toEqual([{ writes: 1, syncs: 0 }]);
      const rightly = early.split("\n").toSorted((a, b) => Number(a.startsWith("10")) - Number(b.startsWith("10")));
      expect(acksIn(rightly.join("\n"))).toEqual([{ writes: 1, syncs: 1 }]);
    });
  },
);
