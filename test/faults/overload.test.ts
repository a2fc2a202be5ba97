import { expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { rooms } from "../../src/server/rooms/directory.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { lane } from "../../src/server/timeline/lane.ts";
import { person } from "../support/people.ts";
import { startServer } from "../support/server.ts";

test("while too many messages wait, sends are refused at once and change nothing, all else is answered, and what waited is stored", async () => {
  const server = await startServer();
  const { context } = server;
  if (context.db.dialect !== "libsql") throw new Error("only the embedded database has this lock");
  const ann = await person(server, "ann");
  const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
  const socket = await ann.connect();
  const [entry, sender] = [await rooms(context).byId(roomId), await peopleOf(context).byId(ann.id)];
  if (!entry || !sender) throw new Error("the room is gone");
  const timeline = lane(context);
  const { writers } = context.db;
  await writers.acquire();
  const waiting: Promise<unknown>[] = [];
  for (let number = 0; !timeline.isFull; number++) {
    waiting.push(
      timeline.add({
        id: Bun.randomUUIDv7(),
        room_key: entry.key,
        sender_key: sender.key,
        client_id: `waiting ${number}`,
        body_hash: number,
        type: "text",
        content: "waits",
        reply_to_id: null,
        mentions: null,
        created_at: context.clock.now(),
      }),
    );
  }
  const late = { room_id: roomId, content: "late", temp_id: "late" };
  expect(await socket.refused("send_message", late)).toMatchObject({ code: "UNAVAILABLE", temp_id: "late" });
  expect((await ann.http("POST", `/rooms/${roomId}/messages`, { content: "late" })).outcome).toBe("503 UNAVAILABLE");
  expect((await socket.request("ping", {})).type).toBe("pong");
  expect(await socket.refused("join_room", { room_id: "none" })).toMatchObject({ code: "ROOM_NOT_FOUND" });

  writers.release();
  await Promise.all(waiting);
  const ack = await socket.request("send_message", late);
  expect(ack.payload).toMatchObject({ temp_id: "late", seq: waiting.length + 2 });
  await server.stop();
});
