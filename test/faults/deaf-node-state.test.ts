import { expect, test } from "bun:test";
import type { Parley } from "../../src/sdk/client.ts";
import { systemClock } from "../../src/sdk/clock.ts";
import { readConfig } from "../../src/server/config.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { within } from "../support/deferred.ts";
import { prepareGround } from "../support/environment.ts";
import type { Person } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";
import { comparable, complete, connected } from "./state-observer.ts";
import { World } from "./state-world.ts";
import { accountSteps } from "./steps/accounts.ts";
import { steps } from "./steps/all.ts";

const reached = ({ url }: RunningServer) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

const looksForMs = 20_000;

interface Observer {
  name: string;
  person: Person;
  client: Parley;
}

const roomsOf = (client: Parley) => Object.keys(client.store.getSnapshot().rooms).sort();

/** Compares what the client has with what one has who connects now; part by part, so that what differs is seen. */
async function agree({ name, person, client }: Observer): Promise<void> {
  for (const until = performance.now() + looksForMs; ;) {
    await client.connection.request("ping", {});
    const afresh = await connected(person);
    afresh.close();
    const isLate = performance.now() > until;
    // To look into a room that is gone would leave something behind that nobody else has.
    if (!isLate && !Bun.deepEquals(roomsOf(client), roomsOf(afresh))) continue;
    await complete(client);
    const [held, loaded] = [comparable(client), comparable(afresh)];
    if (!isLate && !Bun.deepEquals(held, loaded)) continue;
    for (const part of Object.keys({ ...held, ...loaded })) {
      expect(held[part], `${part} of ${name}`).toEqual(loaded[part]);
    }
    return;
  }
}

test.skipIf(postgresLack !== undefined)(
  "whatever happens while a node hears nothing, its clients end with the same state as all others",
  async () => {
    const ground = await prepareGround({ dialect: "postgres" });
    const broker = new LocalBroker();
    const config = readConfig(ground.env);
    const one = await serve(config, { bus: broker.join("one") });
    const two = await serve(config, { bus: broker.join("two") });
    const world = await World.begun(reached(one));
    const { ann, ben, cleo, dora, gil } = world.people;
    const observers = await Promise.all(
      Object.entries({ ann, ben, cleo, dora, gil }).map(async ([name, person]): Promise<Observer> => {
        return { name, person, client: await connected(person.at(reached(two)), systemClock) };
      }),
    );
    broker.cut("two");
    // Names are told to those who are there, on any node: a client that was away has the new ones where it reads anew.
    for (const { name, run } of steps.filter((step) => !accountSteps.includes(step))) {
      const answer = await run(world);
      if (answer && answer.status >= 300) throw new Error(`${name}: ${answer.outcome}`);
    }
    const told = observers.map(({ name, client }) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      client.on("ready", resolve);
      return within(promise, () => `${name} was not told everything anew`, looksForMs);
    });
    broker.mend("two");
    await Promise.all(told);
    await Promise.all(observers.map(agree));
    for (const { client } of observers) client.close();
    world.close();
    await two.stop();
    await one.stop();
    await ground.clear();
  },
  120_000,
);
