import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { room, timelineMessage } from "../../src/protocol/models.ts";
import { readConfig } from "../../src/server/config.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { until } from "../support/deferred.ts";
import { type Ground, prepareGround } from "../support/environment.ts";
import { Nodes, nodesLack } from "../support/nodes.ts";
import { people, type Person, type Reachable } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";

let casts = 0;

/** Ann's room, in which Ben and Cleo have a socket on the other node, which remembers what they may and see. */
async function scene(here: Reachable, there: Reachable) {
  const number = ++casts;
  const [annName, benName, cleoName] = [`ann${number}`, `ben${number}`, `cleo${number}`] as const;
  const cast = await people(here, annName, benName, cleoName);
  const [ann, ben, cleo] = [cast[annName], cast[benName], cast[cleoName]];
  if (!ann || !ben || !cleo) throw new Error("the cast is three");
  const body = { name: "room", type: "private", member_ids: [ben.id, cleo.id] };
  const { id } = (await ann.http("POST", "/rooms", body)).as(room);
  const [farBen, farCleo] = [ben.at(there), cleo.at(there)];
  const [bens, cleos] = [await farBen.connect(), await farCleo.connect()];
  await cleos.say(id, "by cleo");
  await bens.say(id, "by ben");
  expect(await wordsOf(farBen, id)).toContain("by cleo");
  return { ann, ben, cleo, farBen, farCleo, bens, cleos, id };
}

/** What a person reads in a room. */
async function wordsOf(person: Person, roomId: string): Promise<string[]> {
  const answer = await person.http("GET", `/rooms/${roomId}/messages`);
  return answer.as(z.array(timelineMessage)).flatMap((each) => ("content" in each ? [each.content] : []));
}

/** Ben blocks Cleo, and Ann puts Cleo out, on the first node: what the second shows and allows by then. */
async function takeEffect({ ann, ben, cleo, farBen, farCleo, bens, cleos, id }: Awaited<ReturnType<typeof scene>>) {
  await ben.http("PUT", `/blocks/${cleo.id}`);
  await until(async () => !(await wordsOf(farBen, id)).includes("by cleo"), "the block in the history");
  await bens.next("relationship_changed", ({ user, blocked }) => user.id === cleo.id && blocked);
  // Said on the node that was not told: the socket there sees nothing of it.
  await cleos.say(id, "by cleo, unseen");
  await ann.http("DELETE", `/rooms/${id}/members/${cleo.id}`);
  await until(
    async () => (await farCleo.http("GET", `/rooms/${id}/messages`)).outcome === "404 ROOM_NOT_FOUND",
    "the end of her rights",
  );
  await cleos.next("room_removed", ({ room_id }) => room_id === id);
  await bens.say(id, "among ourselves");
  await cleos.fence();
  await bens.fence();
  expect(JSON.stringify(cleos.frames)).not.toContain("among ourselves");
  expect(JSON.stringify(bens.frames)).not.toContain("unseen");
  for (const socket of [bens, cleos]) socket.close();
}

const reached = ({ url }: RunningServer): Reachable => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

describe.skipIf(nodesLack !== undefined)("while the bridge is frozen and nobody knows it yet", () => {
  test("what was taken from people, and what they see no more, holds on the other node", async () => {
    const nodes = await Nodes.start();
    const { one, two, redis } = nodes;
    try {
      const before = await scene(one, two);
      redis.freeze();
      await takeEffect(before);
      const { values } = await two.context.metrics.bridgeSilences.get();
      expect(values[0]?.value).toBeGreaterThan(0);
    } finally {
      redis.thaw();
      await nodes.stop();
    }
  }, 30_000);
});

describe.skipIf(postgresLack !== undefined)("while one node hears nothing and wonders why", () => {
  const broker = new LocalBroker();
  let ground: Ground;
  let one: RunningServer;
  let two: RunningServer;

  beforeAll(async () => {
    ground = await prepareGround({ dialect: "postgres" });
    const config = readConfig(ground.env);
    one = await serve(config, { bus: broker.join("one") });
    two = await serve(config, { bus: broker.join("two") });
  });
  afterAll(async () => {
    await two?.stop();
    await one?.stop();
    await ground?.clear();
  });

  for (const which of ["one", "two"] as const) {
    const whose = which === "one" ? "whose changes reach nobody" : "which is told nothing";
    test(`rights and blocks hold on the other: the one ${whose}`, async () => {
      const before = await scene(reached(one), reached(two));
      broker.hush(which);
      await takeEffect(before);
      broker.unhush(which);
    }, 20_000);
  }

  test("a change that was stored and that its verb never learnt of is told everybody on both nodes, and no cache keeps it", async () => {
    const { ann, ben, cleo, farBen, bens, cleos, id } = await scene(reached(one), reached(two));
    const near = await ben.connect();
    expect(await wordsOf(ben, id)).toContain("by cleo");
    const { db } = one.context;
    if (db.dialect !== "postgres") throw new Error("this is about Postgres");
    await db.transact((run) =>
      run(
        (sql) => sql`
          INSERT INTO blocks (user_key, blocked_key, created_at)
          SELECT u.key, b.key, 0 FROM users u, users b WHERE u.id = ${ben.id} AND b.id = ${cleo.id}`,
      ),
    );
    db.onUntold();
    for (const socket of [near, bens]) {
      const { payload } = await socket.next("ready");
      expect(payload.blocks.map(({ id }) => id)).toEqual([cleo.id]);
    }
    for (const where of [ben, farBen]) expect(await wordsOf(where, id)).not.toContain("by cleo");
    expect(await wordsOf(ann, id)).toContain("by cleo");
    for (const socket of [near, bens, cleos]) socket.close();
  }, 20_000);

  test("what a node had stored some seconds before it was found dead, and told nobody, is told by the others", async () => {
    const { ben, cleo, bens, cleos } = await scene(reached(one), reached(two));
    const { db, clock } = one.context;
    if (db.dialect !== "postgres") throw new Error("this is about Postgres");
    await db.transact((run) =>
      run(
        (sql) => sql`
          INSERT INTO friend_requests (id, from_key, to_key, message, created_at)
          SELECT ${Bun.randomUUIDv7()}, c.key, b.key, '', ${clock.now() - 8_000}
          FROM users b, users c WHERE b.id = ${ben.id} AND c.id = ${cleo.id}`,
      ),
    );
    // As a bus says it when another node has fallen silent.
    broker.mend("two");
    await bens.next("relationship_changed", ({ user, request }) => user.id === cleo.id && request === "incoming");
    for (const socket of [bens, cleos]) socket.close();
  }, 20_000);
});
