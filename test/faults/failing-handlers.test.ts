import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Libsql from "libsql";
import { join } from "node:path";
import { room } from "../../src/protocol/models.ts";
import { until } from "../support/deferred.ts";
import { people, type Person } from "../support/people.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";

/** A table taken away from under the server: every handler that needs it throws in the middle of its work. */
describe("a handler that throws", () => {
  let server: ServerProcess;
  let ann: Person;
  let ben: Person;
  let roomId: string;

  beforeAll(async () => {
    server = await spawnServer();
    ({ ann, ben } = await people(server, "ann", "ben"));
    roomId = (await ann.http("POST", "/rooms", { name: "room", type: "public" })).as(room).id;
  });
  afterAll(() => server.stop());

  async function without(table: string, work: () => Promise<void>): Promise<void> {
    const rename = (from: string, to: string) => {
      const file = new Libsql(join(server.ground.dataDir, "parley.db"), { timeout: 5_000 });
      // Only the table: triggers and views would be followed otherwise, and there are none.
      file.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
      file.close();
    };
    rename(table, `${table}_gone`);
    try {
      await work();
    } finally {
      rename(`${table}_gone`, table);
    }
  }

  const errorsIn = (lines: readonly string[]) => lines.filter((line) => /"level":"(error|fatal)"/i.test(line));

  test("answers a frame with an error that repeats its ref, and logs one line", async () => {
    const socket = await ben.connect();
    await without("members", async () => {
      const before = server.lines.length;
      const refusal = await socket.refused("join_room", { room_id: roomId });
      expect(refusal).toMatchObject({ code: "INTERNAL", request_type: "join_room" });
      expect(JSON.stringify(refusal)).not.toMatch(/SQL|members|sqlite|\.ts/i);
      await socket.fence();
      await until(() => errorsIn(server.lines.slice(before)).length > 0, "the line in the log");
      expect(errorsIn(server.lines.slice(before))).toHaveLength(1);
    });
    await socket.ack("join_room", { room_id: roomId });
    socket.close();
  });

  test("answers a send with an error that names it, and the lane goes on afterwards", async () => {
    const socket = await ann.connect();
    await without("messages", async () => {
      const refusal = await socket.refused("send_message", { room_id: roomId, content: "hello", temp_id: "t1" });
      expect(["INTERNAL", "UNAVAILABLE"]).toContain(refusal.code);
      expect(refusal.temp_id).toBe("t1");
    });
    const { seq } = await socket.say(roomId, "hello", "t1");
    expect((await socket.say(roomId, "again", "t2")).seq).toBe(seq + 1);
    socket.close();
  });

  test("answers a request with 500 and the id under which the log has it, without a word of the inside", async () => {
    await without("users", async () => {
      const answer = await ann.http("POST", "/auth/login", { username: "ann", password: ann.password });
      expect(answer.outcome).toBe("500 INTERNAL");
      expect(answer.text).not.toMatch(/SQL|users|sqlite|\.ts/i);
      const id = answer.error?.request_id ?? "no id";
      // The line comes through a pipe, which may be behind the answer.
      const lines = await until(() => {
        const found = errorsIn(server.lines).filter((line) => line.includes(id));
        return found.length > 0 && found;
      }, "the line in the log");
      expect(lines).toHaveLength(1);
      expect(() => JSON.parse(lines[0] ?? "")).not.toThrow();
    });
    expect((await ann.onAnotherDevice()).id).toBe(ann.id);
  });

  test("leaves the process alive and every other thing working", async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const [one, two] = [await ann.connect(), await ben.connect()];
    await one.say(roomId, "all is well");
    await two.next("new_message", ({ room_id }) => room_id === roomId);
  });
});
