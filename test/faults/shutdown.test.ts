import { expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { within } from "../support/deferred.ts";
import { forEachDialect } from "../support/dialects.ts";
import { Journal, judge, wholeTimeline } from "../support/journal.ts";
import { people } from "../support/people.ts";
import { spawnServer } from "../support/server-process.ts";
import { Writer } from "../support/writer.ts";

/** Sockets at once; `SHUTDOWN_SOCKETS=5000` for a long run. */
const count = Number(process.env["SHUTDOWN_SOCKETS"] ?? 1_000);

forEachDialect((dialect) => {
  test(`SIGTERM with ${count} sockets under load: all are told, writes are finished, the end comes within 10 s`, async () => {
    const server = await spawnServer({ dialect, env: { MAX_SOCKETS_PER_USER: "0" } });
    const { ann, ben, cleo } = await people(server, "ann", "ben", "cleo");
    const roomId = (
      await ann.http("POST", "/rooms", { name: "room", type: "private", member_ids: [ben.id, cleo.id] })
    ).as(room).id;
    const sockets = [];
    for (let opened = 0; opened < count; opened += 50) {
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => cleo.connect()))));
    }
    const journal = new Journal();
    const writers = [ann, ben].map((person) => new Writer(person, journal, () => roomId));
    for (const writer of writers) {
      await writer.connect();
      writer.start();
    }
    await writers[0]?.reached(20);
    const start = performance.now();
    server.signal("SIGTERM");
    const [code, ...endings] = await within(
      Promise.all([server.exited, ...sockets.map((socket) => socket.closed)]),
      () => "the server did not end",
      20_000,
    );
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(code).toBe(0);
    const codes = new Map<number, number>();
    for (const ending of endings) codes.set(ending.code, (codes.get(ending.code) ?? 0) + 1);
    expect([...codes]).toEqual([[1012, count]]);
    const told = sockets.map((socket) => socket.seen("server_shutdown"));
    expect(told.filter(([frame, more]) => frame === undefined || more !== undefined)).toEqual([]);
    // Spread evenly, so that they do not come back as one wave.
    const spreadMs = Math.max(2_000, 2 * count);
    const quarters = [0, 0, 0, 0];
    for (const [frame] of told) {
      const place = Math.min(3, Math.floor((4 * ((frame?.reconnect_after_ms ?? 0) - 500)) / spreadMs));
      quarters[place] = (quarters[place] ?? 0) + 1;
    }
    expect(Math.min(...quarters)).toBeGreaterThan(count / 8);
    for (const writer of writers) writer.pause();

    await server.start();
    for (const writer of writers) await writer.connect();
    for (const writer of writers) await writer.finish();
    expect(judge(journal, new Map([[roomId, await wholeTimeline(ann, roomId)]]))).toEqual([]);
    await server.stop();
  }, 90_000);

  test("SIGINT ends it as well, a second signal at once", async () => {
    const server = await spawnServer({ dialect });
    server.signal("SIGINT");
    expect(await within(server.exited, () => "the server did not end")).toBe(0);
    await server.stop();
  });
});
