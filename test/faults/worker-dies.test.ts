import { expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { within } from "../support/deferred.ts";
import { wholeTimeline } from "../support/journal.ts";
import { people } from "../support/people.ts";
import { startServer } from "../support/server.ts";

const BunWorker = globalThis.Worker;

/** What `work` gives, and the database's worker that it started. */
async function withWorker<T>(work: () => Promise<T>): Promise<{ result: T; worker: Worker }> {
  const started: Worker[] = [];
  globalThis.Worker = class extends BunWorker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      if (String(args[0]).includes("append-worker")) started.push(this);
    }
  };
  try {
    const result = await work();
    const [worker] = started;
    if (!worker) throw new Error("no worker was started");
    return { result, worker };
  } finally {
    globalThis.Worker = BunWorker;
  }
}

test("the database's worker dies: what waits is refused, nothing acked is lost, the process is told to end, reads go on", async () => {
  const died = Promise.withResolvers<Error>();
  let fatals = 0;
  const { result: server, worker } = await withWorker(() =>
    startServer({
      fatal: (error) => {
        fatals++;
        died.resolve(error);
      },
    }),
  );
  const { ann, ben } = await people(server, "ann", "ben");
  const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private", member_ids: [ben.id] })).as(
    room,
  ).id;
  const socket = await ann.connect();
  const sends = Array.from({ length: 200 }, (_, index) =>
    socket.requestRaw({
      type: "send_message",
      payload: { room_id: roomId, content: `number ${index}`, temp_id: `t${index}` },
    }),
  );
  await sends[0];
  const more = Array.from({ length: 200 }, (_, index) =>
    socket.requestRaw({ type: "send_message", payload: { room_id: roomId, content: "late", temp_id: `late${index}` } }),
  );
  worker.terminate();
  const answers = await Promise.all([...sends, ...more]);
  expect((await within(died.promise, () => "nobody was told")).message).toContain("worker has died");

  const acked = answers.flatMap(({ type, payload }) => (type === "message_ack" ? [payload.temp_id] : []));
  const refused = answers.flatMap(({ type, payload }) => (type === "error" ? [payload.code] : []));
  expect(acked.length + refused.length).toBe(400);
  expect(acked.length).toBeGreaterThan(0);
  expect(new Set(refused)).toEqual(new Set(["UNAVAILABLE"]));
  const stored = new Set((await wholeTimeline(ben, roomId)).map(({ temp_id }) => temp_id));
  expect(acked.filter((tempId) => !stored.has(tempId))).toEqual([]);

  const later = await socket.refused("send_message", { room_id: roomId, content: "later", temp_id: "later" });
  expect(later).toMatchObject({ code: "UNAVAILABLE", temp_id: "later" });
  expect((await ann.http("POST", `/rooms/${roomId}/messages`, { content: "later" })).outcome).toBe("503 UNAVAILABLE");
  expect(fatals).toBe(1);
  // A thread that died in the middle of a transaction leaves the file locked: what is written at the end says that it could not.
  const ended = await server.stop().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (ended !== undefined) expect(ended).toMatchObject({ message: "the server did not end in order" });
});
