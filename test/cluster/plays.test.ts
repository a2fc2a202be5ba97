// Long because all plays share one cluster, which takes seconds to start.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { z } from "zod";
import { message, room, user } from "../../src/protocol/models.ts";
import { until, within } from "../support/deferred.ts";
import { person, type Person, people } from "../support/people.ts";
import { seeded } from "../support/random.ts";
import { program } from "../support/server-process.ts";
import { closing, type TestSocket } from "../support/socket.ts";
import { Cluster, howNodesPart, metricsToken, type Node, type Service } from "./cluster.ts";
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

/** What must be back after its cause is: TESTPLAN's five seconds. */
const backWithinMs = 5_000;

/** Resolves when a node says of itself that it has what it needs; `need`: only that. */
const isReady = async ({ url }: Node, need = "") => (await fetch(`${url}/readyz${need && `?need=${need}`}`)).ok;

/** A metric of a node, summed over its labels that hold `label`. */
async function metric({ url }: Node, name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } })).text();
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
        await Promise.all(
          cluster.nodes.map((node) => until(() => isReady(node), `${node.name} has the bridge again`, backWithinMs)),
        );
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
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );
});

describe("the database", () => {
  test(
    "crashes, and ends every session: refusals are clear, all is back within seconds, and nothing that was acked is lost",
    async () => {
      const load = await Load.on(cluster);
      await load.goesOn();
      const { asker } = await people(cluster, "asker");
      const answers = () => Promise.all(cluster.nodes.map((node) => asker.at(node).http("GET", "/users/me")));
      const outcomes = async () => (await answers()).map(({ outcome }) => outcome);
      const areBack = async () => (await outcomes()).every((outcome) => outcome === "200");
      await cluster.postgres.halt("crash");
      expect(await outcomes()).toEqual(cluster.nodes.map(() => "503 UNAVAILABLE"));
      await cluster.postgres.run();
      await until(areBack, "all nodes answer again", backWithinMs);
      await load.reachesAll();
      await cluster.postgres.administer(
        (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()`,
      );
      await until(areBack, "all nodes answer again", backWithinMs);
      await load.reachesAll();
      expect(await load.verdict()).toEqual([]);
    },
    patience,
  );

  test(
    "takes its time, now for one node, now for the other, and for any commit: a hundred writers make one gapless order",
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
        await tarryAtCommits(true);
        for (let turn = 0; turn < 3; turn++) {
          for (const { toDatabase } of cluster.nodes) toDatabase.delay(Math.floor(random() * 30));
          await Promise.all(writers.map((writer) => post(writer, load)));
        }
        for (const { toDatabase } of cluster.nodes) toDatabase.delay(0);
        await tarryAtCommits(false);
        expect(await load.verdict()).toEqual([]);
      }),
    patience,
  );
});

const writerCount = 100;

/** Each commit waits up to 2 ms for each message in it, or no longer. */
async function tarryAtCommits(isOn: boolean): Promise<void> {
  const sql = postgres(cluster.databaseUrl, { max: 1, onnotice: () => {} });
  if (isOn) {
    await sql`CREATE FUNCTION tarry() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_sleep(random() * 0.002); RETURN NULL; END'`;
    await sql`CREATE CONSTRAINT TRIGGER tarry AFTER INSERT ON messages
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tarry()`;
  } else await sql`DROP FUNCTION tarry CASCADE`;
  await sql.end();
}

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

/** A node that is told nothing finds out by itself: three canaries, or an answer of the database that stays away. */
const knownWithinMs = 15_000;
/** Nobody is seen for longer whose node has died. */
const goneWithinMs = 15_000;

describe("a node", () => {
  test(
    "that is killed leaves no ghosts, and its people go on elsewhere, exactly once",
    async () => {
      const load = await Load.on(cluster);
      const { ghost, gone, witness } = await people(cluster, "ghost", "gone", "witness");
      const [dying, living] = [cluster.node(0), cluster.node(1)];
      const atGhost = await ghost.at(dying).connect();
      await gone.at(dying).connect();
      const here = witness.at(living);
      const shared = await makeRoom(here, ghost);
      const said = await atGhost.say(shared, "my last words", "last-words");
      const isOnline = async (who: Person) => {
        const { data } = await here.http("GET", "/users/online?per_page=100");
        return z
          .array(user)
          .parse(data)
          .some(({ id }) => id === who.id);
      };
      await until(async () => (await isOnline(ghost)) && isOnline(gone), "the other node knows who is here");
      await load.goesOn();
      dying.inService = false;
      await dying.process.kill();
      const diedAt = performance.now();
      await load.goesOn();
      // G2: whoever never saw the ack sends again to another node.
      const again = await (await ghost.at(living).connect()).say(shared, "my last words", "last-words");
      expect(again).toMatchObject({ id: said.id, seq: said.seq });
      await dying.process.start();
      dying.inService = true;
      await load.reachesAll();
      await until(
        async () => !(await isOnline(gone)),
        "who was on it is gone",
        goneWithinMs + diedAt - performance.now(),
      );
      expect(await isOnline(ghost)).toBe(true);
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
    `that is parted from the bridge, from the database, from both, loses nothing (${howNodesPart})`,
    async () => {
      const load = await Load.on(cluster);
      const parted = cluster.node(0);
      for (const from of [["bridge"], ["database"], ["bridge", "database"]] satisfies Service[][]) {
        await load.goesOn(20);
        parted.part(from);
        for (const service of from) {
          await until(async () => !(await isReady(parted, service)), `it lacks the ${service}`, knownWithinMs);
        }
        await load.goesOn(20);
        // G6: who has the database hears all of it.
        if (!from.includes("database")) await load.reachesAll();
        parted.rejoin();
        await until(() => isReady(parted), "it has all again", backWithinMs);
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

/** The next look, which comes once a second, and what it takes. */
const awayMs = 4_000;

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

  /** Each way of losing one's rights, felt on the other node so soon after it was answered. */
  async function each(withinMs: number): Promise<void> {
    const soon = <T>(promise: Promise<T>, what: string) => within(promise, () => `not soon enough: ${what}`, withinMs);
    const isCut = async ({ socket, ben }: Awaited<ReturnType<typeof scene>>) => {
      expect((await closing(socket, withinMs)).code).toBe(4001);
      await until(async () => (await ben.http("GET", "/users/me")).status >= 401, "the token is refused", withinMs);
    };

    const kicked = await scene();
    await kicked.ann.http("DELETE", `/rooms/${kicked.roomId}/members/${kicked.ben.id}`);
    await soon(
      kicked.socket.next("room_removed", ({ reason }) => reason === "kicked"),
      "kicked",
    );
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
    await soon(
      banned.socket.next("room_removed", ({ reason }) => reason === "banned"),
      "banned",
    );

    const demoted = await scene();
    const isNow = (role: string) =>
      demoted.socket.next("member_updated", ({ member }) => member.user_id === demoted.ben.id && member.role === role);
    await demoted.ann.http("PATCH", `/rooms/${demoted.roomId}/members/${demoted.ben.id}`, { role: "admin" });
    await isNow("admin");
    await demoted.ann.http("PATCH", `/rooms/${demoted.roomId}/members/${demoted.ben.id}`, { role: "member" });
    await soon(isNow("member"), "demoted");
    const attempt = await demoted.ben.http("PATCH", `/rooms/${demoted.roomId}`, { description: "still mine" });
    expect(attempt.outcome).toBe("403 FORBIDDEN");

    const leaving = await scene();
    await leaving.benThere.http("POST", "/auth/logout");
    await isCut(leaving);

    const leavingAll = await scene();
    await (await leavingAll.benThere.onAnotherDevice()).http("POST", "/auth/logout-all");
    await isCut(leavingAll);

    const careful = await scene();
    const other = await careful.benThere.onAnotherDevice();
    await other.http("PUT", "/users/me/password", {
      old_password: careful.ben.password,
      new_password: "another horse 8 battery",
    });
    await isCut(careful);

    const disabled = await scene();
    const { env, dataDir } = cluster.node(1).process.ground;
    const command = Bun.spawn([...program, "user", "disable", disabled.ben.username], {
      cwd: dataDir,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdout: "ignore",
    });
    expect(await command.exited).toBe(0);
    await isCut(disabled);
  }

  test("within a second while the bridge stands", () => each(1_000), patience);

  test(
    "while the bridge is away, with the next look at the database",
    async () => {
      await cluster.redis.kill();
      await until(async () => (await metric(cluster.node(0), "parley_bridge_state", "away")) === 1, "the node knows");
      await each(awayMs);
      await cluster.redis.restart();
      await until(async () => (await metric(cluster.node(0), "parley_bridge_state", "connected")) === 1, "it is back");
    },
    patience,
  );
});
