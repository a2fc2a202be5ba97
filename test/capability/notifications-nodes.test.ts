import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { message, notification, room } from "../../src/protocol/models.ts";
import { readConfig } from "../../src/server/config.ts";
import { catchUp } from "../../src/server/notifications/catch-up.ts";
import { noter } from "../../src/server/notifications/noter.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { until } from "../support/deferred.ts";
import { prepareGround } from "../support/environment.ts";
import { people } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";

const reached = ({ url }: RunningServer) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

describe.skipIf(postgresLack !== undefined)("two nodes over one Postgres", () => {
  test("tell once what either stored, to devices on either, and read it on either", async () => {
    const ground = await prepareGround({ dialect: "postgres" });
    const broker = new LocalBroker();
    const config = readConfig(ground.env);
    const one = await serve(config, { bus: broker.join("one") });
    const two = await serve(config, { bus: broker.join("two") });
    try {
      const { ann, ben } = await people(reached(one), "ann", "ben");
      const there = ben.at(reached(two));
      const [here, far] = [await ben.connect(), await there.connect()];
      const body = { name: "room", type: "private", member_ids: [ben.id] };
      const { id } = (await ann.http("POST", "/rooms", body)).as(room);
      const sent = [];
      for (const node of [one, two, one]) {
        const answer = await ann.at(reached(node)).http("POST", `/rooms/${id}/messages`, { content: "@ben" });
        sent.push(answer.as(message));
      }
      for (const device of [here, far]) {
        for (const { id } of sent) await device.next("notification", ({ message_id }) => message_id === id);
      }
      // Each looks for what the other may not have told.
      for (let look = 0; look < 2; look++) for (const { context } of [one, two]) await catchUp(context).run();
      const mentions = async () => {
        const all = (await there.http("GET", "/notifications")).as(z.array(notification));
        return all.filter(({ kind }) => kind === "mention").map(({ message_id }) => message_id);
      };
      // Two nodes store them side by side, each in its own order.
      expect((await mentions()).toSorted()).toEqual(sent.map(({ id }) => id).toSorted());
      const last = sent.at(-1);
      await there.http("POST", `/rooms/${id}/messages/read`, { last_read_message_id: last?.id });
      await until(async () => {
        const { meta } = await ben.http("GET", "/notifications?unread");
        return meta["unread_count"] === 0;
      }, "reading on the other node");
      const read = await here.next("notifications_read");
      // That he was added is read with the rest.
      expect(read.payload.ids).toHaveLength(4);
      for (const { context } of [one, two]) await noter(context).idle();
      for (const socket of [here, far]) socket.close();
    } finally {
      await two.stop();
      await one.stop();
      await ground.clear();
    }
  });

  test("read on one what the other stores afterwards", async () => {
    const ground = await prepareGround({ dialect: "postgres" });
    const broker = new LocalBroker();
    const config = readConfig(ground.env);
    const one = await serve(config, { bus: broker.join("one") });
    const two = await serve(config, { bus: broker.join("two") });
    try {
      const { ann, ben } = await people(reached(one), "ann", "ben");
      const far = await ben.at(reached(two)).connect();
      const body = { name: "room", type: "private", member_ids: [ben.id] };
      const { id } = (await ann.http("POST", "/rooms", body)).as(room);
      await far.next("room_added");
      for (let round = 0; round < 5; round++) {
        // Nothing is stored before he has read it.
        const held = Promise.withResolvers<void>();
        void noter(one.context).soon(() => held.promise);
        const sent = (await ann.http("POST", `/rooms/${id}/messages`, { content: `@ben ${round}` })).as(message);
        await far.next("new_message", (each) => each.id === sent.id);
        far.send({ type: "mark_read", payload: { room_id: id, message_id: sent.id } });
        await far.fence();
        held.resolve();
        const told = (await far.next("notification", ({ message_id }) => message_id === sent.id)).payload;
        if (told.read_at === null) await far.next("notifications_read", ({ ids }) => ids.includes(told.id));
      }
      await until(async () => {
        const { meta } = await ben.http("GET", "/notifications?unread");
        return meta["unread_count"] === 0;
      }, "everything read");
      // Whoever asks after an answer finds what it changed, also where it is stored by the other node and later.
      const held = Promise.withResolvers<void>();
      void noter(one.context).soon(() => held.promise);
      const last = (await ann.http("POST", `/rooms/${id}/messages`, { content: "@ben at last" })).as(message);
      const asked = ben.at(reached(two)).http("GET", "/notifications?unread");
      setImmediate(held.resolve);
      expect((await asked).as(z.array(notification)).map(({ message_id }) => message_id)).toEqual([last.id]);
      far.close();
    } finally {
      await two.stop();
      await one.stop();
      await ground.clear();
    }
  });
});
