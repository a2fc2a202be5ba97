import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { refusalIn } from "../../src/server/platform/bus/redis/refusals.ts";
import { type Log, named } from "../../src/server/platform/log.ts";
import { StartError } from "../../src/server/platform/start-error.ts";
import { joinBridge, reaches } from "../support/bridge.ts";
import { freePort } from "../support/free-port.ts";
import { projectRoot } from "../support/source-files.ts";
import { redisLack, sharedRedis, TestRedis } from "../support/redis.ts";

const title = redisLack === undefined ? "the bridge at a start" : `the bridge at a start (skipped: ${redisLack})`;
let count = 0;
const freshPrefix = () => `start:${process.pid}:${++count}:`;

/** What a node says that does not start. */
async function refusalOf(url: string, options: Partial<Parameters<typeof joinBridge>[0]> = {}): Promise<string> {
  const error = await joinBridge({ url, nodeId: "new", prefix: freshPrefix(), ...options }).then(
    (bus) => bus.close().then(() => undefined),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  const { message } = error as StartError;
  expect(message).not.toContain("\n");
  expect(message).not.toContain("swordfish");
  return message;
}

describe.skipIf(redisLack !== undefined)(title, () => {
  describe("that will never work as it is configured is refused in one line:", () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await TestRedis.start({
        args: [
          "--requirepass",
          "open sesame",
          "--user",
          ..."weak on >weak ~* &nothing +@all".split(" "),
          "--databases",
          "4",
        ],
      });
    });
    afterAll(() => redis.stop());
    const as = (user: string) => redis.url.replace("redis://", `redis://${user}@`);

    test("a wrong password", async () => {
      expect(await refusalOf(as(":swordfish"))).toBe("REDIS_URL does not accept the user or password in it");
    });

    test("no password, where one is asked for", async () => {
      expect(await refusalOf(redis.url)).toContain("REDIS_URL asks for a password");
    });

    test("a password, where there is none", async () => {
      const { url } = await sharedRedis();
      expect(await refusalOf(url.replace("redis://", "redis://:swordfish@"))).toContain("the server has none");
    });

    test("a user who may not do what is needed, in Valkey's words as well", async () => {
      const valkey = "ERR ACL failure in script: User mute has no permissions to run the 'publish' command";
      expect(refusalIn(new Error(valkey))).toContain("who may not publish, subscribe and run scripts");
      expect(await refusalOf(as("weak:weak"))).toContain("who may not publish, subscribe and run scripts");
    });

    test("a database that is not there", async () => {
      expect(await refusalOf(`${as(":open%20sesame")}/4`)).toContain("names a database that the server does not have");
      const bus = await joinBridge({ url: `${as(":open%20sesame")}/3`, nodeId: "new", prefix: freshPrefix() });
      expect(bus.state).toBe("connected");
      await bus.close();
    });

    test("a replica", async () => {
      const { port } = await sharedRedis();
      const replica = await TestRedis.start({ args: ["--replicaof", "127.0.0.1", String(port)] });
      expect(await refusalOf(replica.url)).toContain("leads to a replica");
      await replica.stop();
    });

    test("something that speaks another protocol", async () => {
      const web = Bun.serve({ port: 0, fetch: () => new Response("hello") });
      expect(await refusalOf(`redis://127.0.0.1:${web.port}`)).toContain("does not speak Redis' protocol");
      await web.stop(true);
      const greeter = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: { open: (socket) => void socket.write("220 mail.example ESMTP\r\n"), data() {} },
      });
      expect(await refusalOf(`redis://127.0.0.1:${greeter.port}`)).toContain("does not speak Redis' protocol");
      greeter.stop(true);
    });
  });

  test("with a user who has just the rights that the operator's pages name is enough", async () => {
    const pages = await Bun.file(join(projectRoot, "docs/operations.md")).text();
    const rights = /its rights: `([^`]+)`/.exec(pages)?.[1] ?? "";
    const redis = await TestRedis.start({ args: ["--user", ...`least on >least ${rights}`.split(" ")] });
    const url = redis.url.replace("redis://", "redis://least:least@");
    const [one, two] = [
      await joinBridge({ url, nodeId: "one", prefix: "parley:0123456789ab:" }),
      await joinBridge({ url, nodeId: "two", prefix: "parley:0123456789ab:" }),
    ];
    const heard = Promise.withResolvers<string>();
    const leave = two.subscribe("room", heard.resolve, () => one.publish("room", "hello"));
    expect(await heard.promise).toBe("hello");
    leave();
    const lua = "redis.call('SET', KEYS[1], 1, 'PX', 100) return redis.call('GET', KEYS[1])";
    expect(await one.shared.run({ name: "test", lua }, ["key"], [])).toBe("1");
    expect([one.state, two.state]).toEqual(["connected", "connected"]);
    await Promise.all([one.close(), two.close()]);
    await redis.stop();
  });

  test("that is not there yet is not waited for, and used when it comes", async () => {
    const port = await freePort();
    const bus = await joinBridge({ url: `redis://127.0.0.1:${port}`, nodeId: "early", prefix: freshPrefix() });
    expect(bus.state).toBe("away");
    const redis = await TestRedis.start({ port });
    await reaches(bus, "connected");
    await bus.close();
    await redis.stop();
  });

  test("that is there only later, and then asks for a password, is named in the log, once", async () => {
    const port = await freePort();
    const errors: string[] = [];
    const told = Promise.withResolvers<void>();
    const error = (line: string) => {
      errors.push(line);
      told.resolve();
    };
    const log = Object.assign(Object.create(named("test")) as Log, { error, warn() {} });
    const bus = await joinBridge({ url: `redis://127.0.0.1:${port}`, nodeId: "early", prefix: freshPrefix(), log });
    const redis = await TestRedis.start({ port, args: ["--requirepass", "swordfish"] });
    await told.promise;
    expect(bus.state).toBe("away");
    await redis.stop();
    await bus.close();
    expect(errors).toEqual(["REDIS_URL asks for a password: give it as redis://:password@host"]);
  });

  test("that says nothing is not waited for either", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const bus = await joinBridge({
      url: `redis://127.0.0.1:${silent.port}`,
      nodeId: "early",
      prefix: freshPrefix(),
    });
    expect(bus.state).toBe("away");
    await bus.close();
    silent.stop(true);
  });
});

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "a newcomer" : `skipped: ${redisLack}`, () => {
  const other = { secretProof: "another", version: "1.0.0" };
  const clock = (aheadMs: number) => ({
    now: () => Date.now() + aheadMs,
    after: () => () => {},
    every: () => () => {},
  });

  test("with another secret does not start, and those who are here go on", async () => {
    const { url } = await sharedRedis();
    const prefix = freshPrefix();
    const misfits: Error[] = [];
    const here = await joinBridge({ url, nodeId: "here", prefix, onMisfit: (error) => misfits.push(error) });
    expect(await refusalOf(url, { prefix, identity: other })).toMatch(
      /^another node of this installation \(here, version 1\.0\.0\) has another JWT_SECRET: give every node the same/,
    );
    expect([misfits, here.state]).toEqual([[], "connected"]);
    await here.close();
  });

  test("whose clock is an hour off does not start, whichever way; some seconds are no reason", async () => {
    const { url } = await sharedRedis();
    const prefix = freshPrefix();
    const here = await joinBridge({ url, nodeId: "here", prefix });
    expect(await refusalOf(url, { prefix, clock: clock(3_600_000) })).toMatch(
      /has a clock 3[56]\d\d s behind this one/,
    );
    expect(await refusalOf(url, { prefix, clock: clock(-3_600_000) })).toMatch(/clock 3[56]\d\d s ahead of this one/);
    const near = await joinBridge({ url, nodeId: "near", prefix, clock: clock(10_000) });
    expect(near.state).toBe("connected");
    await Promise.all([here.close(), near.close()]);
  });

  test("that meets the others only later gives in then, as the younger one", async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const prefix = freshPrefix();
    const misfits: string[] = [];
    const told = Promise.withResolvers<void>();
    const old = await joinBridge({ url, nodeId: "old", prefix, onMisfit: () => misfits.push("old") });
    const young = await joinBridge({
      url,
      nodeId: "young",
      prefix,
      identity: other,
      onMisfit: () => {
        misfits.push("young");
        told.resolve();
      },
    });
    const redis = await TestRedis.start({ port });
    await told.promise;
    await Promise.all([old.close(), young.close()]);
    expect(misfits).toEqual(["young"]);
    await redis.stop();
  });

  test("of another installation, with another database, goes its own way; both are told of the other once", async () => {
    const redis = await TestRedis.start();
    const [epochA, epochB] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
    const told: Record<string, string[]> = { a: [], b: [] };
    const both = Promise.withResolvers<void>();
    const join = (name: "a" | "b", nodeId: string) =>
      joinBridge({
        url: redis.url,
        nodeId,
        prefix: name,
        epoch: name === "a" ? epochA : epochB,
        onStranger: (epoch) => {
          told[name]?.push(epoch);
          if (told["a"]?.length && told["b"]?.length) both.resolve();
        },
      });
    const a = await join("a", "a1");
    const b = await join("b", "b1");
    await both.promise;
    const again = await join("b", "b2");
    await Promise.all([a.close(), b.close(), again.close()]);
    expect(told["a"]).toEqual([epochB]);
    expect(new Set(told["b"])).toEqual(new Set([epochA]));
    await redis.stop();
  });
});
