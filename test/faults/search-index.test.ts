import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { z } from "zod";
import { joinedRoom, message, searchHit } from "../../src/protocol/models.ts";
import { roomLockClass, roomLocks } from "../../src/server/platform/db/dialect/postgres.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { until } from "../support/deferred.ts";
import { forEachDialect } from "../support/dialects.ts";
import { people, type Person } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { spawnServer } from "../support/server-process.ts";

const hits = z.array(searchHit);

async function makeRoom(person: Person): Promise<string> {
  return (await person.http("POST", "/rooms", { name: "room", type: "public" })).as(joinedRoom.partial()).id ?? "";
}

async function say(person: Person, roomId: string, content: string): Promise<void> {
  (await person.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
}

async function count(person: Person, roomId: string, q: string): Promise<number> {
  const path = `/rooms/${roomId}/messages/search?q=${encodeURIComponent(q)}&limit=100`;
  return (await person.http("GET", path)).as(hits).length;
}

forEachDialect((dialect) => {
  test("killed again and again between commit and indexing, everything that was acked is found in the end", async () => {
    const server = await spawnServer({ dialect });
    try {
      const { ann } = await people(server, "ann");
      const roomId = await makeRoom(ann);
      let acked = 0;
      for (let round = 0; round < 4; round++) {
        const socket = await ann.connect();
        const sends = Array.from({ length: 20 }, (_, index) =>
          socket.say(roomId, `round-${"abcd".charAt(round)} 訊息 ${index}`),
        );
        acked += (await Promise.all(sends)).length;
        // At another moment each time: before the index looked, while it works, after it.
        await until(async () => (await count(ann, roomId, "訊息")) >= round * 10, "some are found");
        await server.kill();
        await server.start();
      }
      await until(async () => (await count(ann, roomId, "訊息")) === acked, `all ${acked} are found`);
      await until(async () => (await count(ann, roomId, "round-d")) === 20, "the last are found");
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(postgresLack !== undefined)("keys that commit out of order, on Postgres", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect: "postgres" });
  });
  afterAll(() => server.stop());

  test("a message that another node commits late, below keys long committed, is found", async () => {
    const { ann } = await people(server, "ann");
    const [late, early] = [await makeRoom(ann), await makeRoom(ann)];
    const { db } = server.context;
    if (db.dialect !== "postgres") throw new Error("not on Postgres");
    await catchUp(server.context);
    const node = postgres(server.context.config.databaseUrl, { max: 1, onnotice: () => {} });
    const isInserted = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const committed = node.begin(async (transaction) => {
      const [room] = await transaction<{ key: string }[]>`SELECT key FROM rooms WHERE id = ${late}`;
      const key = Number(room?.key);
      await transaction`SELECT pg_advisory_xact_lock(${roomLockClass}::int, ${key % roomLocks}::int)`;
      await transaction`UPDATE rooms SET last_seq = last_seq + 1, rev = rev + 1 WHERE key = ${key}`;
      await transaction`
        INSERT INTO messages (id, room_key, seq, sender_key, type, content, created_at, sent_rev)
        SELECT ${Bun.randomUUIDv7()}, key, last_seq, 1, 'text', 'late ginkgo', 1, rev FROM rooms WHERE key = ${key}`;
      isInserted.resolve();
      await mayCommit.promise;
    });
    await isInserted.promise;
    await say(ann, early, "early ginkgo");
    for (let look = 0; look < 5; look++) await catchUp(server.context);
    expect(await count(ann, late, "ginkgo")).toBe(0);
    mayCommit.resolve();
    await committed;
    await catchUp(server.context);
    expect([await count(ann, late, "ginkgo"), await count(ann, early, "ginkgo")]).toEqual([1, 1]);
    await node.end();
  });

  test("writers that never pause do not hold the index up: what was drawn before them is decided without them", async () => {
    const { ben } = await people(server, "ben");
    const roomId = await makeRoom(ben);
    const other = await makeRoom(ben);
    const node = postgres(server.context.config.databaseUrl, { max: 2, onnotice: () => {} });
    let isOver = false;
    // Two transactions that hold other rooms' locks in turns, so that there is always one.
    const holdInTurns = async () => {
      while (!isOver) {
        await node.begin(async (transaction) => {
          await transaction`SELECT pg_advisory_xact_lock(${roomLockClass}::int, 255)`;
          await transaction`SELECT pg_sleep(0.02)`;
        });
      }
    };
    const holding = [holdInTurns(), holdInTurns()];
    await say(ben, roomId, "metasequoia");
    await until(async () => (await count(ben, roomId, "metasequoia")) === 1, "the message is found");
    await say(ben, other, "metasequoia too");
    await until(async () => (await count(ben, other, "metasequoia")) === 1, "the next one is found");
    isOver = true;
    await Promise.all(holding);
    await node.end();
  });
});
