import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { room } from "../../src/protocol/models.ts";
import { seal } from "../../src/server/platform/bus/redis/envelope.ts";
import { appendToPostgres } from "../../src/server/timeline/append-postgres.ts";
import { until, within } from "../support/deferred.ts";
import { nodesLack } from "../support/nodes.ts";
import { person, type Person } from "../support/people.ts";
import { TestRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { closing } from "../support/socket.ts";
import { tour } from "./tour.ts";

/*
 * A node beside one of the version before and one of the version to come, whose words are written here as they stand on
 * the bridge. The rules: what is added to a word may be missing from it, and is left out by who does not know it; a kind
 * that a node does not know is counted and passed over, and what it told of a room shows as a hole; the database only
 * grows. Where a change makes one of these words unreadable, nodes of two versions no longer understand each other.
 */
const title = nodesLack === undefined ? "a node" : `a node (skipped: ${nodesLack})`;

describe.skipIf(nodesLack !== undefined)(title, () => {
  let redis: TestRedis;
  let server: TestServer;
  let ann: Person;
  let texts: string[];
  let socket: WebSocket | undefined;
  let roomId: string;
  let prefix: string;
  let people = 0;

  beforeAll(async () => {
    redis = await TestRedis.start();
    server = await startServer({ dialect: "postgres", env: { REDIS_URL: redis.url } });
    prefix = `parley:${server.context.epoch.replaceAll("-", "").slice(-12)}:`;
  }, 60_000);
  afterEach(() => socket?.close());
  afterAll(async () => {
    await server.stop();
    await redis.stop();
  });

  /** Somebody in a room of theirs, on a socket that takes whatever comes. */
  async function enter(): Promise<void> {
    ann = await person(server, `ann_${++people}`);
    roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
    const heard: string[] = [];
    texts = heard;
    socket = new WebSocket(`${server.wsUrl}?token=${ann.token}`);
    socket.onmessage = ({ data }) => void heard.push(String(data));
    await until(() => heard.some((text) => text.includes('"type":"ready"')), "ready");
    // Both are heard before anything is said: the channels are joined in the order of asking.
    const joined = async () => (await channels()).includes(`room:${roomId}`);
    await until(joined, "the room's channel");
  }

  async function channels(): Promise<string[]> {
    const list = (await redis.command("PUBSUB", "CHANNELS", `${prefix}*`)).split("\n");
    return list.map((name) => name.slice(prefix.length)).filter((name) => !name.startsWith("canary:"));
  }

  const counted = async (name: "bridgeReceived" | "bridgeUnreadable") =>
    (await server.context.metrics[name].get()).values[0]?.value ?? 0;

  /** Another node says this; resolves when it has been heard. */
  async function say(channel: string, ...messages: string[]): Promise<void> {
    const goal = (await counted("bridgeReceived")) + messages.length;
    await redis.command("PUBLISH", `${prefix}${channel}`, seal("a-neighbour", messages));
    await until(async () => (await counted("bridgeReceived")) >= goal, `what was said on ${channel}`);
  }

  const hears = (text: string) => until(() => texts.includes(text), `${text} among ${texts.join("\n")}`);

  describe("of the version before", () => {
    test("leaves nothing unread that it says", async () => {
      await enter();
      const { nodeId } = server.context.bus;
      const unread = await counted("bridgeUnreadable");
      const other = "0192aaaa-0000-7000-8000-00000000000a";
      const words: [channel: string, ...messages: string[]][] = [
        [`room:${roomId}`, `{"v":1,"message":{"to":"room_now","roomId":"${roomId}","by":"${other}"}}\nin the room`],
        [`user:${ann.id}`, `{"v":1,"message":{"to":"user","userId":"${ann.id}"}}\nto ann`],
        [`user:${ann.id}`, `{"v":1,"message":{"do":"anew","userId":"${ann.id}"}}\n`],
        [
          "all",
          `{"v":1,"message":{"to":"acquaintances","userId":"${ann.id}","roomIds":["${roomId}"]}}\nto all who know ann`,
          `{"v":1,"message":{"do":"disconnect","userId":"${other}","code":4001}}\n`,
          `{"v":1,"message":{"do":"disconnect","userId":"${other}","sessionId":"${other}","code":4001}}\n`,
          `{"v":1,"message":{"do":"empty","roomId":"${other}","keepMembers":true}}\n`,
          `{"v":1,"message":{"do":"hide","userId":"${ann.id}","authorId":"${other}","isHidden":true}}\n`,
          `{"v":1,"message":{"do":"invalidate","cache":"rooms","key":"1"}}\n`,
        ],
        [
          "presence",
          `{"kind":"beat","n":0}`,
          `{"kind":"people","n":1,"people":[{"key":900,"id":"${other}","activity":"active","chosen":"busy","shows_last_seen":true,"last_seen_at":null}]}`,
          `{"kind":"choices","key":900,"chosen":"away","shows_last_seen":false}`,
        ],
        [
          `presence:${nodeId}`,
          `{"kind":"everybody","n":1,"part":1,"parts":1,"people":[{"key":900,"id":"${other}","activity":null,"chosen":"online","shows_last_seen":true,"last_seen_at":1}]}`,
          `{"kind":"ask"}`,
        ],
        ["notifications", `{"ask":1}`],
        [`notifications:${nodeId}`, `{"settled":1}`],
        [
          "nodes",
          `{"kind":"here","asks":true,"secret_proof":"another","version":"0.9.0","now":${Date.now()},"up_ms":1,"every_ms":1000}`,
          `{"kind":"lost"}`,
          `{"kind":"gone"}`,
        ],
        [`room:${roomId}`, `{"v":1,"message":{"to":"room","roomId":"${roomId}","rev":2}}\nthe room's second change`],
      ];
      for (const [channel, ...messages] of words) await say(channel, ...messages);
      expect(await counted("bridgeUnreadable")).toBe(unread);
      for (const text of ["in the room", "to ann", "to all who know ann", "the room's second change"])
        await hears(text);
    });

    test("reads its envelopes, plain and compressed", async () => {
      await enter();
      const message = `{"v":1,"message":{"to":"user","userId":"${ann.id}"}}\n`;
      const packed = Bun.zstdCompressSync(`${message}packed`).toString("base64");
      for (const envelope of [
        `1 a-neighbour ${message.length + 5}\n${message}plain`,
        `2 a-neighbour ${message.length + 6}\n${packed}`,
      ]) {
        await redis.command("PUBLISH", `${prefix}user:${ann.id}`, envelope);
      }
      await hears("plain");
      await hears("packed");
    });
  });

  describe("of the version to come", () => {
    test("leaves out what it adds to its words, and hands on its events as they are", async () => {
      await enter();
      const unread = await counted("bridgeUnreadable");
      const poll = `{"type":"poll_opened","payload":{"room_id":"${roomId}","rev":2},"timestamp":"2027-01-09T10:30:00.000Z"}`;
      await say(
        `room:${roomId}`,
        `{"v":1,"lane":7,"message":{"to":"room","roomId":"${roomId}","rev":2,"mood":{"is":"new"}}}\n${poll}`,
      );
      await hears(poll);
      await say("presence", `{"kind":"beat","n":0,"mood":"new"}`);
      await say("notifications", `{"ask":2,"mood":"new"}`);
      expect(await counted("bridgeUnreadable")).toBe(unread);
    });

    test("counts kinds that it does not know, on whatever channel, passes over them and hears the next", async () => {
      await enter();
      const unread = await counted("bridgeUnreadable");
      const unknown = [
        `{"kind":"dance","n":1}`,
        `{"v":1,"message":{"do":"dance"}}\n`,
        `{"v":2,"message":{"to":"room_now","roomId":"${roomId}","by":"x"}}\n`,
        "no JSON at all",
      ];
      const listening = await channels();
      // One for everybody and one for this node, of each that has such.
      expect(listening.length).toBeGreaterThanOrEqual(8);
      for (const channel of listening) await say(channel, ...unknown);
      expect(await counted("bridgeUnreadable")).toBe(unread + listening.length * unknown.length);
      await redis.command("PUBLISH", `${prefix}all`, "9 a-neighbour 3\nabc");
      await say(`user:${ann.id}`, `{"v":1,"message":{"to":"user","userId":"${ann.id}"}}\nthe next`);
      await hears("the next");
      expect(await counted("bridgeUnreadable")).toBe(unread + listening.length * unknown.length + 1);
    });

    test("reads from the database what a kind that it does not know told of a room", async () => {
      await enter();
      const { db } = server.context;
      if (db.dialect !== "postgres") throw new Error("several nodes have Postgres");
      const { rooms, users } = db.tables;
      const [home] = await db.read.select({ key: rooms.key }).from(rooms).where(eq(rooms.id, roomId));
      const [sender] = await db.read.select({ key: users.key }).from(users).where(eq(users.id, ann.id));
      const stored = {
        id: Bun.randomUUIDv7(),
        room_key: home?.key ?? 0,
        sender_key: sender?.key ?? 0,
        client_id: null,
        body_hash: 1,
        type: "text" as const,
        content: "told in a new word",
        reply_to_id: null,
        mentions: null,
        created_at: Date.now(),
      };
      await appendToPostgres(db, [stored]);
      await say(`room:${roomId}`, `{"v":1,"message":{"to":"room_and_beyond","roomId":"${roomId}","rev":2}}\nunknown`);
      await ann.http("POST", `/rooms/${roomId}/messages`, { content: "told in a known word" });
      await until(() => texts.some((text) => text.includes("told in a known word")), "the message after it");
      const told = texts.filter((text) => text.includes(`"type":"new_message"`));
      expect(told.map((text) => /"content":"([^"]*)"/.exec(text)?.[1])).toEqual([
        "told in a new word",
        "told in a known word",
      ]);
    });

    test("puts out whom it puts out for a reason that is new", async () => {
      await enter();
      const careful = await ann.connect();
      await say("all", `{"v":1,"message":{"do":"disconnect","userId":"${ann.id}","code":4777}}\n`);
      expect((await closing(careful)).code).toBe(1012);
    });
  });

  test("goes on where the version to come has brought the database up to date", async () => {
    await tour(server);
    const { db, metrics } = server.context;
    if (db.dialect !== "postgres") throw new Error("several nodes have Postgres");
    const tables = await db.ask(
      (sql) => sql`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(10);
    await db.ask(async (sql) => {
      for (const { table_name } of tables)
        await sql`ALTER TABLE ${sql(String(table_name))} ADD COLUMN of_a_version_to_come text NOT NULL DEFAULT 'new'`;
    });
    await within(tour(server, "_later"), () => "the tour does not end", 30_000);
    const answers = await metrics.httpRequests.get();
    expect(answers.values.filter(({ labels }) => Number(labels.status) >= 500)).toEqual([]);
  }, 60_000);
});
