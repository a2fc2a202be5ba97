import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { message, room, user } from "../../src/protocol/models.ts";
import { until } from "../support/deferred.ts";
import { person, type Person, people } from "../support/people.ts";
import { seeded } from "../support/random.ts";
import { closing, type TestSocket } from "../support/socket.ts";
import { Cluster, type Node } from "./cluster.ts";
import { Load } from "./load.ts";

/*
 * What happens to an installation, played on two processes with a Postgres and a Redis of their own, under load. The order
 * is that of a long night: nothing is put right in between but what the play itself broke.
 */
let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 2 });
}, 60_000);
afterEach(() => Load.endAll());
afterAll(() => cluster.stop(), 60_000);

const patience = 120_000;

/** A metric of a node, summed over its labels that hold `label`. */
async function metric({ url }: Node, name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

describe("the bridge", () => {
  const faults: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ["is killed", () => cluster.redis.kill(), () => cluster.redis.restart()],
    ["is frozen", async () => cluster.redis.freeze(), async () => cluster.redis.thaw()],
    ["puts its listeners out", () => cluster.redis.command("CLIENT", "KILL", "TYPE", "pubsub"), async () => {}],
  ];
  test(
    "is killed, is frozen, puts its listeners out: sends are acked, everybody hears all, nothing is lost",
    async () => {
      const load = await Load.on(cluster);
      await load.goesOn();
      for (const [, begin, end] of faults) {
        await begin();
        // G6: delivery goes on without the bridge.
        await load.goesOn();
        await load.reachesAll();
        await end();
        await load.reachesAll();
      }
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );

  test(
    "is out of one node's reach: those on it hear the others, and are heard",
    async () => {
      const load = await Load.on(cluster);
      await load.goesOn();
      const { toBridge } = cluster.node(0);
      toBridge.cut();
      await load.reachesAll();
      toBridge.restore();
      await load.reachesAll();
      toBridge.silence();
      await load.reachesAll();
      toBridge.cut();
      toBridge.restore();
      await load.reachesAll();
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );
});

describe("the database", () => {
  test(
    "crashes, and ends every session: clients wait, and nothing that was acked is lost",
    async () => {
      const load = await Load.on(cluster);
      await load.goesOn();
      await cluster.postgres.halt("crash");
      await cluster.postgres.run();
      await load.reachesAll();
      await cluster.postgres.administer(
        (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()`,
      );
      await load.reachesAll();
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );

  test(
    "takes its time, now for one node, now for the other: a hundred writers make one gapless order",
    () =>
      seeded(async (random) => {
        const load = await Load.on(cluster, 2);
        const names = Array.from({ length: writerCount }, (_, index) => `writer${index}`);
        const writers: Person[] = [];
        // Not all at once: so many passwords to hash are more than a node takes on.
        for (let at = 0; at < names.length; at += 5) {
          writers.push(...(await Promise.all(names.slice(at, at + 5).map((name) => person(cluster, name)))));
        }
        const owner = load.players[0]?.client.http;
        await owner?.rooms.addMembers(load.roomId, { user_ids: writers.map(({ id }) => id) });
        for (let turn = 0; turn < 3; turn++) {
          for (const { toDatabase } of cluster.nodes) toDatabase.delay(Math.floor(random() * 30));
          await Promise.all(writers.map((writer) => post(writer, load)));
        }
        for (const { toDatabase } of cluster.nodes) toDatabase.delay(0);
        expect(await load.verdict()).toEqual([]);
      }),
    patience,
  );
});

const writerCount = 100;
let posted = 0;

/** One message by HTTP, on whatever node, with the journal of those who follow the room. */
async function post(writer: Person, { roomId, journal }: Load): Promise<void> {
  const send = { tempId: Bun.randomUUIDv7(), content: `posted ${++posted}` };
  journal.sent({ senderId: writer.id, roomId, ...send });
  const body = { content: send.content, temp_id: send.tempId };
  const answer = await writer.http("POST", `/rooms/${roomId}/messages`, body, { headers: { connection: "close" } });
  const { id, seq } = answer.as(message);
  journal.acked({ tempId: send.tempId, id, seq });
}

describe("a node", () => {
  test(
    "that is killed leaves no ghosts, and its people go on elsewhere, exactly once",
    async () => {
      const load = await Load.on(cluster);
      const { ghost, witness } = await people(cluster, "ghost", "witness");
      const [dying, living] = [cluster.node(0), cluster.node(1)];
      const atGhost = await ghost.at(dying).connect();
      const here = witness.at(living);
      const shared = await makeRoom(here, ghost);
      const said = await atGhost.say(shared, "my last words", "last-words");
      const isOnline = async () => {
        const { data } = await here.http("GET", "/users/online?per_page=100");
        return z
          .array(user)
          .parse(data)
          .some(({ id }) => id === ghost.id);
      };
      await until(isOnline, "the other node knows who is here");
      await load.goesOn();
      dying.inService = false;
      await dying.process.kill();
      await load.goesOn();
      // G2: whoever never saw the ack sends again to another node.
      const again = await (await ghost.at(living).connect()).say(shared, "my last words", "last-words");
      expect(again).toMatchObject({ id: said.id, seq: said.seq });
      await dying.process.start();
      dying.inService = true;
      await load.reachesAll();
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );

  test(
    "that is frozen loses nothing when it goes on",
    async () => {
      const load = await Load.on(cluster);
      const frozen = cluster.node(1);
      for (let turn = 0; turn < 2; turn++) {
        frozen.inService = false;
        frozen.process.freeze();
        await load.goesOn(20);
        frozen.process.thaw();
        frozen.inService = true;
        await load.reachesAll();
      }
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );

  test(
    "after the other is replaced: nobody notices but by connecting again",
    async () => {
      const load = await Load.on(cluster);
      for (const node of cluster.nodes) {
        await load.goesOn();
        node.inService = false;
        node.process.signal("SIGTERM");
        expect(await node.process.exited).toBe(0);
        await node.process.start();
        node.inService = true;
      }
      await load.reachesAll();
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );
});

async function makeRoom(owner: Person, ...members: Person[]): Promise<string> {
  const member_ids = members.map(({ id }) => id);
  return (await owner.http("POST", "/rooms", { name: "shared", type: "private", member_ids })).as(room).id;
}

describe("rights that are taken on one node end on the other", () => {
  let cast = 0;

  /** Ann on the second node; Ben, who is in her room, on the first, on two sockets of one session each. */
  async function scene() {
    const names = [`ann${++cast}`, `ben${cast}`] as const;
    const made = Object.values(await people(cluster, ...names));
    const [ann, ben] = [made[0], made[1]];
    if (!ann || !ben) throw new Error("nobody came");
    const [there, here] = [ann.at(cluster.node(1)), ben.at(cluster.node(0))];
    const roomId = await makeRoom(there, ben);
    const atAnn = await there.connect();
    const socket = await here.connect();
    await hears(atAnn, socket, roomId, "hello");
    return { ann: there, ben: here, benThere: ben.at(cluster.node(1)), roomId, atAnn, socket };
  }

  async function hears(atAnn: TestSocket, socket: TestSocket, roomId: string, text: string): Promise<void> {
    await atAnn.say(roomId, text);
    await socket.next("new_message", ({ content }) => content === text);
  }

  /** Each way of losing one's rights; with the bridge and, on the next look at the database, without. */
  async function each(): Promise<void> {
    const kicked = await scene();
    await kicked.ann.http("DELETE", `/rooms/${kicked.roomId}/members/${kicked.ben.id}`);
    await kicked.socket.next("room_removed", ({ reason }) => reason === "kicked");
    await kicked.atAnn.say(kicked.roomId, "between us");
    await kicked.socket.fence();
    expect(kicked.socket.seen("new_message").map(({ content }) => content)).not.toContain("between us");
    const refusal = await kicked.socket.refused("send_message", {
      room_id: kicked.roomId,
      content: "let me in",
      temp_id: Bun.randomUUIDv7(),
    });
    expect(refusal.code).toBe("ROOM_NOT_FOUND");

    const banned = await scene();
    await banned.ann.http("PUT", `/rooms/${banned.roomId}/bans/${banned.ben.id}`, {});
    await banned.socket.next("room_removed", ({ reason }) => reason === "banned");

    const leaving = await scene();
    await leaving.benThere.http("POST", "/auth/logout-all");
    expect((await closing(leaving.socket)).code).toBe(4001);
    await until(async () => (await leaving.ben.http("GET", "/users/me")).status === 401, "the token is refused");

    const careful = await scene();
    const other = await careful.benThere.onAnotherDevice();
    await other.http("PUT", "/users/me/password", {
      old_password: careful.ben.password,
      new_password: "another horse 8 battery",
    });
    expect((await closing(careful.socket)).code).toBe(4001);
  }

  test("while the bridge stands", each, patience);

  test(
    "while the bridge is away, with the next look at the database",
    async () => {
      await cluster.redis.kill();
      await until(async () => (await metric(cluster.node(0), "parley_bridge_state", "away")) === 1, "the node knows");
      await each();
      await cluster.redis.restart();
      await until(async () => (await metric(cluster.node(0), "parley_bridge_state", "connected")) === 1, "it is back");
    },
    patience,
  );
});
