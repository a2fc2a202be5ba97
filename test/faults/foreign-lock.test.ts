import { expect, test } from "bun:test";
import Libsql from "libsql";
import { join } from "node:path";
import { z } from "zod";
import { room } from "../../src/protocol/models.ts";
import { people } from "../support/people.ts";
import { spawnServer } from "../support/server-process.ts";

test("a foreign process that holds the database: sends wait, then are refused; others are served; then all works", async () => {
  const server = await spawnServer();
  try {
    const { ann, ben } = await people(server, "ann", "ben");
    const [lobby] = (await ann.http("GET", "/rooms?type=joined")).as(z.array(room));
    const roomId = lobby?.id ?? "";
    const [socket, other] = [await ann.connect(), await ben.connect()];
    const { seq } = await socket.say(roomId, "before");

    const foreign = new Libsql(join(server.ground.dataDir, "parley.db"));
    foreign.exec("BEGIN IMMEDIATE");
    const waiting = socket.request("send_message", { room_id: roomId, content: "meanwhile", temp_id: "held" });
    await other.fence();
    expect((await ben.http("GET", `/rooms/${roomId}/messages`)).status).toBe(200);
    const verb = ann.http("POST", "/rooms", { name: "meanwhile", type: "public" });
    const refusal = await waiting;
    expect(refusal.payload).toMatchObject({ code: "UNAVAILABLE", temp_id: "held" });
    expect((await verb).outcome).toBe("503 UNAVAILABLE");
    foreign.exec("ROLLBACK");
    foreign.close();

    expect((await socket.say(roomId, "meanwhile", "held")).seq).toBe(seq + 1);
    expect((await ann.http("POST", "/rooms", { name: "afterwards", type: "public" })).status).toBe(201);

    const shortly = new Libsql(join(server.ground.dataDir, "parley.db"));
    shortly.exec("BEGIN IMMEDIATE");
    const patient = socket.say(roomId, "just a moment");
    const patientVerb = ann.http("POST", "/rooms", { name: "just a moment", type: "public" });
    await other.fence();
    shortly.exec("ROLLBACK");
    shortly.close();
    expect((await patient).seq).toBe(seq + 2);
    expect((await patientVerb).status).toBe(201);
    expect((await ann.http("POST", "/rooms", { name: "and on", type: "public" })).status).toBe(201);
  } finally {
    await server.stop();
  }
}, 30_000);
