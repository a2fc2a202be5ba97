import { expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { Follower } from "../support/follower.ts";
import { Journal, judge, wholeTimeline } from "../support/journal.ts";
import { people } from "../support/people.ts";
import { seeded } from "../support/random.ts";
import { spawnServer } from "../support/server-process.ts";
import { Writer } from "../support/writer.ts";

/** Kills a run; `KILL_ROUNDS=100` for a long one. */
const roundsOf = {
  libsql: Number(process.env["KILL_ROUNDS"] ?? 20),
  postgres: Number(process.env["KILL_ROUNDS"] ?? 5),
};

forEachDialect((dialect) => {
  const rounds = roundsOf[dialect];
  test(
    `${rounds} kills under load lose no acked message, double none, and leave no gap`,
    () =>
      seeded(async (random) => {
        const server = await spawnServer({ dialect });
        try {
          const { ann, ben, cleo, dora } = await people(server, "ann", "ben", "cleo", "dora");
          const ids = [ben.id, cleo.id, dora.id];
          const shared = async (name: string) =>
            (await ann.http("POST", "/rooms", { name, type: "private", member_ids: ids })).as(room).id;
          const rooms = [await shared("one"), await shared("two")];
          const journal = new Journal();
          const writers = [ann, ben, cleo].map(
            (person) => new Writer(person, journal, () => rooms[Math.floor(random() * rooms.length)] ?? ""),
          );
          const followers = rooms.map((roomId) => new Follower(dora, roomId, journal));
          const connectAll = () => Promise.all([...followers, ...writers].map((client) => client.connect()));
          await connectAll();
          for (const writer of writers) writer.start();
          for (let round = 1; round <= rounds; round++) {
            // A moment of its own each time: so many acks from now, and then anywhere in the next few milliseconds.
            const [first] = writers;
            await first?.reached(first.acked + Math.floor(random() * 60));
            await Bun.sleep(random() * 15);
            for (const writer of writers) writer.pause();
            await server.kill();
            await server.start();
            await connectAll();
            for (const writer of writers) writer.start();
          }
          await Promise.all(writers.map((writer) => writer.finish()));
          const timelines = new Map<string, Awaited<ReturnType<typeof wholeTimeline>>>();
          for (const [index, roomId] of rooms.entries()) {
            const timeline = await wholeTimeline(ann, roomId);
            timelines.set(roomId, timeline);
            await followers[index]?.reached(timeline.length);
          }
          expect(judge(journal, timelines)).toEqual([]);
          expect(journal.acks.size).toBe(journal.sends.size);
          expect(journal.acks.size).toBeGreaterThan(rounds);
          expect(followers.every(({ came }) => came.live > 0)).toBe(true);
          expect(writers.flatMap(({ refusals }) => refusals).filter((text) => !text.startsWith("UNAVAILABLE"))).toEqual(
            [],
          );
        } finally {
          await server.stop();
        }
      }),
    60_000 + rounds * 5_000,
  );
});
