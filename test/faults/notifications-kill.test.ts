import { expect, test } from "bun:test";
import { z } from "zod";
import { notification, room } from "../../src/protocol/models.ts";
import { until } from "../support/deferred.ts";
import { forEachDialect } from "../support/dialects.ts";
import { people, type Person } from "../support/people.ts";
import { spawnServer } from "../support/server-process.ts";

const rounds = 4;
const mentionsPerRound = 40;

/** The ids of the messages that somebody was told of, each as often as they were told. */
async function toldOf(person: Person): Promise<string[]> {
  const told: string[] = [];
  for (let page = 1; ; page++) {
    const answer = await person.http("GET", `/notifications?per_page=100&page=${page}`);
    const part = answer.as(z.array(notification)).filter(({ kind }) => kind === "mention");
    told.push(...part.flatMap(({ message_id }) => message_id ?? []));
    if (answer.meta["has_more"] !== true) return told;
  }
}

forEachDialect((dialect) => {
  test("what was acknowledged before a kill is told after it, and nothing twice", async () => {
    const server = await spawnServer({ dialect });
    try {
      const { ann, ben } = await people(server, "ann", "ben");
      const body = { name: "room", type: "private", member_ids: [ben.id] };
      const { id } = (await ann.http("POST", "/rooms", body)).as(room);
      const acked: string[] = [];
      for (let round = 0; round < rounds; round++) {
        const socket = await ann.connect();
        const sends = Array.from({ length: mentionsPerRound }, () =>
          // Those that the kill cuts off were promised nothing.
          socket.say(id, "@ben").then(
            (ack) => acked.push(ack.id),
            () => 0,
          ),
        );
        // Some are stored by then, and hardly any of them told.
        await sends[round * 5];
        await server.kill();
        await Promise.all(sends);
        await server.start();
      }
      const socket = await ann.connect();
      acked.push((await socket.say(id, "the last, @ben")).id);
      const last = acked.at(-1) ?? "";
      const told = await until(async () => {
        const ids = await toldOf(ben.at(server));
        return ids.includes(last) && acked.every((each) => ids.includes(each)) && ids;
      }, "everybody acknowledged being told");
      expect(new Set(told).size).toBe(told.length);
      expect(acked.length).toBeGreaterThan(rounds);
      socket.close();
    } finally {
      await server.stop();
    }
  }, 60_000);
});
