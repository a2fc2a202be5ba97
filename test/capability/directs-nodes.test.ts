import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { message, receipts, timelineMessage } from "../../src/protocol/models.ts";
import { readConfig } from "../../src/server/config.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { until } from "../support/deferred.ts";
import { prepareGround } from "../support/environment.ts";
import { people } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";

const reached = ({ url }: RunningServer) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

describe.skipIf(postgresLack !== undefined)("two nodes over one Postgres", () => {
  test("make one room of many first messages, and tell on either how far they have come", async () => {
    const ground = await prepareGround({ dialect: "postgres" });
    const broker = new LocalBroker();
    const config = readConfig(ground.env);
    const one = await serve(config, { bus: broker.join("one") });
    const two = await serve(config, { bus: broker.join("two") });
    try {
      const { ann, ben } = await people(reached(one), "ann", "ben");
      const there = ben.at(reached(two));
      const [here, far] = [await ann.connect(), await there.connect()];
      const sent = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const [from, to] = index % 2 ? [ann, ben] : [there, ann];
          const answer = await from.http("POST", `/direct-messages/${to.id}`, { content: `${index}` });
          return answer.as(message);
        }),
      );
      expect(new Set(sent.map(({ room_id }) => room_id)).size).toBe(1);
      expect(sent.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      for (const socket of [here, far]) await socket.next("room_added");
      const last = (await ann.http("POST", `/direct-messages/${ben.id}`, { content: "read me" })).as(message);
      for (const socket of [here, far]) {
        await socket.next("new_direct_message", ({ id }) => id === last.id);
        expect(socket.seen("room_added")).toHaveLength(1);
      }
      far.send({ type: "mark_read", payload: { room_id: last.room_id, message_id: last.id } });
      await here.next("message_read", ({ user_id, read_seq }) => user_id === ben.id && read_seq === last.seq);
      // The cursor itself is on its way to the database for a second.
      await until(async () => {
        const { read } = (await ann.http("GET", `/messages/${last.id}/receipts`)).as(receipts);
        return read.length === 1;
      }, "the receipt of the other node");
      const page = (await ann.http("GET", `/direct-messages/${ben.id}`)).as(z.array(timelineMessage));
      expect(page.at(-1)).toMatchObject({ id: last.id, status: "read" });
      await ann.http("DELETE", `/direct-messages/${ben.id}`);
      expect((await ann.at(reached(two)).http("GET", `/direct-messages/${ben.id}`)).data).toEqual([]);
      for (const socket of [here, far]) socket.close();
    } finally {
      await two.stop();
      await one.stop();
      await ground.clear();
    }
  });
});
