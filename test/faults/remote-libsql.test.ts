import { describe, expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { until } from "../support/deferred.ts";
import { Follower } from "../support/follower.ts";
import { Journal, judge, wholeTimeline } from "../support/journal.ts";
import { people } from "../support/people.ts";
import { spawnServer } from "../support/server-process.ts";
import { Sqld, sqldLack } from "../support/sqld.ts";
import { Writer } from "../support/writer.ts";

describe.skipIf(sqldLack !== undefined)(
  sqldLack === undefined ? "on remote libSQL" : `on remote libSQL (skipped: ${sqldLack})`,
  () => {
    test("killed, cut off or frozen under load, the database loses no acked message, and all goes on when it is back", async () => {
      const sqld = await Sqld.start();
      const proxy = await ChaosProxy.before(sqld.url);
      const server = await spawnServer({ env: { DATABASE_URL: proxy.url } });
      try {
        const { ann, ben, cleo } = await people(server, "ann", "ben", "cleo");
        const member_ids = [ben.id, cleo.id];
        const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private", member_ids })).as(room).id;
        const journal = new Journal();
        const writers = [ann, ben].map((person) => new Writer(person, journal, () => roomId));
        const follower = new Follower(cleo, roomId, journal);
        for (const client of [follower, ...writers]) await client.connect();
        const everybodyWrites = () => Promise.all(writers.map((writer) => writer.reached(writer.acked + 20)));
        const readiness = async () => (await fetch(`${server.url}/readyz`)).status;
        const read = () => ann.http("GET", `/rooms/${roomId}/messages`);
        const make = () => ann.http("POST", "/rooms", { name: "no", type: "private" });
        const faults = [
          { begin: () => sqld.kill(), refused: read, end: () => sqld.restart() },
          { begin: () => proxy.cut(), refused: make, end: () => proxy.restore() },
          // Requests have their time: nothing is refused yet when it goes on.
          { begin: () => sqld.freeze(), end: () => sqld.thaw() },
        ];
        for (const { begin, refused, end } of faults) {
          for (const writer of writers) writer.start();
          await everybodyWrites();
          await begin();
          // What is under way is told by its ack or refusal; a good client does not knock all the time.
          for (const writer of writers) writer.pause();
          await until(async () => (await readiness()) === 503, "a server that is not ready", 20_000);
          if (refused) expect((await refused()).outcome).toBe("503 UNAVAILABLE");
          await end();
          await until(async () => (await readiness()) === 200, "a server that is ready again", 20_000);
          for (const writer of writers) writer.start();
          await everybodyWrites();
        }
        await Promise.all(writers.map((writer) => writer.finish()));
        const timeline = await wholeTimeline(cleo, roomId);
        await follower.reached(timeline.length);
        expect(judge(journal, new Map([[roomId, timeline]]))).toEqual([]);
        expect(journal.acks.size).toBe(journal.sends.size);
        const told = (text: string) => server.lines.filter((line) => line.includes(text)).length;
        expect(told('"the database cannot be reached"')).toBe(2);
        expect(told('"the database answers again"')).toBeGreaterThanOrEqual(2);
        expect(told("something failed that should not")).toBe(0);
        // It ends in its time also while nobody answers.
        sqld.freeze();
        const stopping = performance.now();
        server.signal("SIGTERM");
        await server.exited;
        expect(performance.now() - stopping).toBeLessThan(15_000);
      } finally {
        sqld.thaw();
        await server.stop();
        await proxy.stop();
        await sqld.stop();
      }
    }, 120_000);
  },
);
