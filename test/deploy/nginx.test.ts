import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { room, session } from "../../src/protocol/models.ts";
import { newcomer, state } from "../sdk/people.ts";
import { until } from "../support/deferred.ts";
import { metricSum } from "../support/metrics.ts";
import { Nginx, nginxLack } from "../support/nginx.ts";
import { logIn, people, type Person, request, testPassword } from "../support/people.ts";
import { freshPostgres, postgresLack, type TestDatabase } from "../support/postgres.ts";
import { redisLack, sharedRedis } from "../support/redis.ts";
import { type ServerProcess, spawnServer } from "../support/server-process.ts";

const lack = nginxLack ?? postgresLack ?? redisLack;
const name = "deploy/nginx.conf before two nodes";

describe.skipIf(lack !== undefined)(lack === undefined ? name : `${name} (skipped: ${lack})`, () => {
  let database: TestDatabase;
  let nodes: [ServerProcess, ServerProcess];
  let nginx: Nginx;
  let ann: Person;
  let ben: Person;
  let roomId: string;

  beforeAll(async () => {
    const [fresh, redis] = await Promise.all([freshPostgres(), sharedRedis()]);
    database = fresh;
    const node = () =>
      spawnServer({ env: { DATABASE_URL: fresh.url, REDIS_URL: redis.url, TRUST_PROXY: "127.0.0.1" } });
    nodes = await Promise.all([node(), node()]);
    nginx = await Nginx.before(nodes);
    ({ ann, ben } = await people(nginx, "ann", "ben"));
    roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private", member_ids: [ben.id] })).as(room).id;
  }, 60_000);

  afterAll(async () => {
    await nginx.stop();
    for (const node of nodes) await node.stop();
    await database.drop();
  }, 30_000);

  /** Sockets open on each node, whoever they are of. */
  const sockets = () => Promise.all(nodes.map((node) => metricSum(node, "parley_sockets")));

  test("spreads sockets over both, and what is said on one is heard on the other", async () => {
    const [one, two] = [await ann.connect(), await ben.connect({ by: "ticket" })];
    expect((await sockets()).map((count) => count > 0)).toEqual([true, true]);
    const { id } = await one.say(roomId, "牛肉麵 is ready");
    expect((await two.next("new_message")).payload).toMatchObject({ id, content: "牛肉麵 is ready" });
    await two.say(roomId, "I am coming");
    expect((await one.next("new_message", ({ content }) => content === "I am coming")).payload.seq).toBeGreaterThan(1);
    for (const socket of [one, two]) {
      socket.close();
      await socket.closed;
    }
  });

  test("tells the nodes who comes, whatever a client says of itself", async () => {
    const at = (address: string) =>
      request(
        nginx,
        "POST",
        "/auth/login",
        { username: "ann", password: testPassword, device_name: address },
        {
          headers: { "x-forwarded-for": address },
        },
      );
    expect((await at("203.0.113.9")).status).toBe(200);
    const devices = (await ann.http("GET", "/auth/sessions")).as(z.array(session));
    expect(devices.find(({ device_name }) => device_name === "203.0.113.9")).toMatchObject({ ip: "127.0.0.1" });
  });

  test("lets pages of its own address in, and of no other", async () => {
    await (await ann.connect({ headers: { origin: nginx.url } })).fence();
    const foreign = await ann.connect({ headers: { origin: "https://evil.example" }, early: true });
    expect(await foreign.closed).toMatchObject({ code: 1006 });
  });

  test("refuses what is too big or malformed in the words of the API, and keeps the figures of the nodes to themselves", async () => {
    const answer = await ann.http("POST", `/rooms/${roomId}/messages`, {
      content: "麵".repeat(2_000_000),
      temp_id: "1",
    });
    expect(answer.outcome).toBe("413 PAYLOAD_TOO_LARGE");
    for (const path of ["/users/%00", "/users/%", `/users/${"x".repeat(9_000)}`]) {
      expect((await ann.http("GET", path)).outcome).toBe("400 VALIDATION_ERROR");
    }
    expect((await fetch(`${nginx.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${nginx.url}/readyz`)).status).toBe(200);
  });

  test("both nodes start anew, one after the other: no read fails, nobody has to do anything, nothing is lost", async () => {
    const cleo = await newcomer(nginx, "cleo");
    const dora = await newcomer(nginx, "dora");
    const lobby = cleo.lobby.id;
    const heard: string[] = [];
    dora.onMessage((message) => {
      if ("content" in message && message.type === "text" && message.room_id === lobby) heard.push(message.content);
    });
    const sent: string[] = [];
    const acked: Promise<unknown>[] = [];
    const outcomes = new Map<string, number>();
    let isOver = false;
    const note = (outcome: string) => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const asking = (async () => {
      for (let count = 0; !isOver; count++) {
        const name = `request ${count}`;
        note((await ann.http("GET", "/users/me")).outcome);
        // What was on its way to a node in the moment when that closed its door is sent again, as every client does.
        const post = () => ann.http("POST", `/rooms/${roomId}/messages`, { content: name, temp_id: name });
        note((await post().catch(post)).outcome);
        if (count % 5 > 0) continue;
        sent.push(name);
        acked.push(cleo.send(lobby, name).acked);
      }
    })();
    asking.catch(() => (isOver = true));
    for (const node of nodes) {
      const address = new URL(node.url).host;
      node.signal("SIGTERM");
      expect(await node.exited).toBe(0);
      await node.start();
      const before = nginx.log.access.length;
      // By itself, at the first try: nginx counts on it again.
      const isBack = new RegExp(`" 20[01] \\S+ \\S+ ${address}$`, "m");
      await until(() => isBack.test(nginx.log.access.slice(before)), "the node's return into balance");
    }
    isOver = true;
    await asking;
    await Promise.all(acked);
    await until(() => heard.length >= sent.length, "everything heard", 20_000);
    expect(heard).toEqual(sent);
    // 200 to a POST: it had been stored, and only the answer was lost.
    expect([...outcomes.keys()].filter((outcome) => outcome !== "200" && outcome !== "201")).toEqual([]);
    for (const client of [cleo, dora]) client.close();
  }, 60_000);

  test("a node is killed: the other carries on with everybody, and no log has a token", async () => {
    const eve = await newcomer(nginx, "eve");
    const fred = await newcomer(nginx, "fred");
    const [first] = nodes;
    await first.kill();
    expect((await ann.http("GET", "/users/me")).outcome).toBe("200");
    await eve.send(eve.lobby.id, "still here").acked;
    await state(fred, "ready", ({ connection }) => connection.status === "ready");
    for (const client of [eve, fred]) client.close();
    const gil = await logIn(nginx, "ann");
    for (let count = 0; count < 4; count++) await (await gil.connect()).fence();
    await first.start();
    const { access, errors } = nginx.log;
    expect(access.includes('"GET /ws" 101')).toBe(true);
    expect(errors.includes("/ws")).toBe(false);
    const secrets = ["token=", "ticket=", "bearer", "?", gil.token, ann.token];
    expect(secrets.filter((secret) => access.includes(secret) || errors.includes(secret))).toEqual([]);
  }, 60_000);
});
