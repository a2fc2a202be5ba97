import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readConfig } from "../../src/server/config.ts";
import { type OpenContext, openContext } from "../../src/server/open-context.ts";
import type { Bus } from "../../src/server/platform/bus/bus.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { Eyes } from "../../src/server/presence/eyes.ts";
import type { PresentPerson } from "../../src/server/presence/person.ts";
import { graceMs, presence } from "../../src/server/presence/presence.ts";
import { startPresence } from "../../src/server/presence/start.ts";
import { tellEveryMs } from "../../src/server/presence/telling.ts";
import { Session } from "../../src/server/realtime/session.ts";
import { joinBridge, reaches } from "../support/bridge.ts";
import { ManualClock } from "../support/clock.ts";
import { until } from "../support/deferred.ts";
import { type Ground, prepareGround } from "../support/environment.ts";
import { redisLack, TestRedis } from "../support/redis.ts";
import { Broker, PairedSocket } from "./socket-pair.ts";

const person = (key: number, more: Partial<PresentPerson> = {}): PresentPerson => ({
  key,
  id: `person ${key}`,
  chosen: "online",
  showsLastSeen: true,
  lastSeenAt: null,
  ...more,
});

/** A node without a server: its context on a bus that all share, its people by hand. */
class Node {
  readonly presence;
  readonly #network = new Broker();

  private constructor(
    private readonly open: OpenContext,
    private readonly ground: Ground,
  ) {
    this.presence = presence(open.context);
  }

  static async start(bus: Bus, clock: ManualClock): Promise<Node> {
    const ground = await prepareGround({});
    const node = new Node(await openContext(readConfig(ground.env), { bus, clock }), ground);
    startPresence(node.open.context);
    return node;
  }

  /** A socket of `viewerKey`, watching these people. */
  watch(viewerKey: number, ...userIds: string[]): PairedSocket {
    const { hub } = this.open;
    const socket = new PairedSocket(this.#network);
    const viewer = { key: viewerKey, id: `person ${viewerKey}`, role: "user" as const, sessionId: "s" };
    const signIn = { viewer, expiresAtMs: Infinity, language: "en" as const, address: "" };
    const session = new Session(socket, signIn, hub.inboxes, async () => {});
    socket.onClose = (code) => hub.remove(session, code);
    hub.add(session);
    hub.watchers.lookAt(session, userIds);
    return socket;
  }

  status(key: number) {
    return new Eyes(this.open.context, undefined, undefined).see(person(key));
  }

  /** What the database has of somebody. In production it is one for all nodes. */
  async store(key: number, chosen: PresentPerson["chosen"]): Promise<void> {
    const { db } = this.open.context;
    const { users } = db.tables;
    const { id } = person(key);
    const names = { username: id, username_lower: id, username_skeleton: id, display_name: id, display_name_lower: id };
    const rest = { password_hash: "", bio: "", status_text: "", privacy: "{}", created_at: 0, lobby_from_seq: 0 };
    const row = { key, id, ...names, ...rest, email_verified: false, role: "user" as const, chosen_status: chosen };
    await db.write((tx) =>
      tx
        .insert(users)
        .values(row)
        .onConflictDoUpdate({ target: users.key, set: { chosen_status: chosen } }),
    );
  }

  /** Gives when the socket came. */
  came(key: number, more: Partial<PresentPerson> = {}): number {
    return this.presence.came(person(key, more));
  }

  went(key: number, how: { isFarewell?: boolean; cameAt?: number } = {}): void {
    this.presence.went(key, { wasIdle: false, isFarewell: false, cameAt: 0, ...how });
  }

  /** A socket of the person that is counted as present; closed, it goes as a real one does. */
  connect(key: number): PairedSocket {
    const socket = this.watch(key);
    const cameAt = this.came(key);
    const { onClose } = socket;
    socket.onClose = (code) => {
      onClose(code);
      this.went(key, { cameAt });
    };
    return socket;
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.open.hub.egress.flushed();
  }

  async stop(): Promise<void> {
    await this.open.close();
    await this.ground.clear();
  }
}

const seenOf = (socket: PairedSocket) =>
  socket.sent.map((text) => {
    const { payload } = JSON.parse(text);
    return `${payload.user_id}: ${payload.status}`;
  });

describe("presence on several nodes", () => {
  let clock: ManualClock;
  let broker: LocalBroker;
  let one: Node;
  let two: Node;
  /** Frozen, or cut off: nothing of it arrives. */

  beforeEach(async () => {
    clock = new ManualClock();
    broker = new LocalBroker();
    one = await Node.start(broker.join("one"), clock);
    two = await Node.start(broker.join("two"), clock);
    await settled();
  });
  afterEach(async () => {
    await one.stop();
    await two.stop();
  });

  const settled = async () => {
    await one.settled();
    await two.settled();
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await settled();
    }
  };

  test("who is on one is seen, and told of, on the other; both together decide", async () => {
    const watcher = two.watch(99, "person 1");
    one.came(1);
    await advance(200);
    expect(two.status(1)).toEqual({ status: "online", last_seen_at: null });
    expect(seenOf(watcher)).toEqual(["person 1: online"]);
    two.came(1);
    one.presence.idle(1, true);
    await advance(200);
    expect([one.status(1).status, two.status(1).status]).toEqual(["online", "online"]);
    one.presence.idle(1, false);
    one.went(1);
    await advance(graceMs + 200);
    expect([one.status(1).status, two.status(1).status]).toEqual(["online", "online"]);
    two.went(1);
    const leftAt = new Date(clock.now()).toISOString();
    await advance(graceMs + 200);
    expect([one.status(1), two.status(1)]).toEqual(
      Array.from({ length: 2 }, () => ({ status: "offline" as const, last_seen_at: leftAt })),
    );
    expect(seenOf(watcher)).toEqual(["person 1: online", "person 1: offline"]);
  });

  test("a choice made on one holds on the other", async () => {
    two.came(1);
    await advance(200);
    one.presence.choose(1, { chosen: "invisible", showsLastSeen: false });
    await advance(200);
    expect(two.status(1)).toEqual({ status: "offline", last_seen_at: null });
    // Also for who connects there with what was read before it.
    one.presence.choose(2, { chosen: "busy", showsLastSeen: true });
    await settled();
    two.came(2);
    expect(two.status(2).status).toBe("busy");
  });

  /** Commits a choice, of which `teller` tells the others. */
  const choose = async (teller: Node, key: number, chosen: PresentPerson["chosen"]) => {
    for (const node of [one, two]) await node.store(key, chosen);
    teller.presence.choose(key, { chosen, showsLastSeen: true });
    await settled();
  };
  const bothSee = (key: number, status: string) =>
    until(() => [one, two].every((node) => node.status(key).status === status), `both see ${status}`);

  test("a choice that was told while the other heard nothing is read by it, wherever it was made", async () => {
    const watcher = two.watch(99, "person 1", "person 2");
    one.came(1);
    two.came(2);
    await advance(200);
    broker.cut("two");
    await choose(one, 1, "busy");
    // By a device that has been on the first node and left nothing there.
    await choose(one, 2, "away");
    broker.mend("two");
    await bothSee(1, "busy");
    await bothSee(2, "away");
    await advance(tellEveryMs);
    expect(seenOf(watcher).slice(-2).sort()).toEqual(["person 1: busy", "person 2: away"]);
    // Losses in a row: not every one of them asks for everybody, but none is forgotten.
    broker.cut("two");
    await choose(one, 1, "online");
    broker.mend("two");
    await settled();
    expect(two.status(1).status).toBe("busy");
    await advance(10_000);
    await bothSee(1, "online");
  });

  test("of two choices told by two nodes the one that was made last holds, whichever is heard last", async () => {
    one.came(1);
    await advance(200);
    await choose(two, 1, "busy");
    for (const node of [one, two]) await node.store(1, "away");
    two.presence.choose(1, { chosen: "away", showsLastSeen: true });
    // Was made before that, and was long on its way.
    one.presence.choose(1, { chosen: "online", showsLastSeen: true });
    await settled();
    await bothSee(1, "away");
  });

  test("who comes with another choice than was told of them is asked for", async () => {
    await choose(one, 1, "busy");
    broker.cut("two");
    await choose(one, 1, "online");
    // Comes to the node that missed it, which remembers the older one.
    two.came(1);
    expect(two.status(1).status).toBe("busy");
    await until(() => two.status(1).status === "online", "the newer one");
    broker.mend("two");
    await advance(200);
    await bothSee(1, "online");
  });

  test("a node that comes later learns of everybody, on all of them", async () => {
    for (let key = 1; key <= 50; key++) (key % 2 ? one : two).came(key);
    const three = await Node.start(broker.join("three"), clock);
    await settled();
    expect(three.presence.visibleCount).toBe(50);
    await three.stop();
  });

  test("everybody of a crowd is told in parts, while people come and go in between", async () => {
    for (let key = 1; key <= 1_800; key++) one.came(key);
    await advance(200);
    expect(two.presence.visibleCount).toBe(1_800);
    const three = await Node.start(broker.join("three"), clock);
    for (let key = 1; key <= 900; key += 3) one.went(key, { isFarewell: true });
    one.came(5_000);
    for (let turn = 0; turn < 10; turn++) await settled();
    await advance(200);
    const visible = one.presence.visibleCount;
    expect(visible).toBe(1_501);
    expect([two.presence.visibleCount, three.presence.visibleCount]).toEqual([visible, visible]);
    await three.stop();
  });

  test("who sleeps, or whose clock is set, takes nobody for dead", async () => {
    one.came(1);
    await advance(200);
    for (const ms of [3_600_000, -3_600_000, 0]) {
      clock.jump(ms);
      await advance(6_000);
      expect(two.status(1).status).toBe("online");
    }
    broker.cut("one");
    await advance(15_000);
    expect(two.status(1).status).toBe("offline");
  });

  test("after a loss of the bridge all is known again at once", async () => {
    one.came(1);
    await advance(200);
    broker.cut("two");
    one.came(2);
    two.came(3);
    one.went(1, { isFarewell: true });
    await advance(20_000);
    broker.mend("two");
    await settled();
    for (const node of [one, two]) {
      expect([1, 2, 3].map((key) => node.status(key).status)).toEqual(["offline", "online", "online"]);
    }
  });

  test("too many sockets close the oldest, wherever they are, and no other", async () => {
    const sockets: PairedSocket[] = [];
    for (const node of [one, two, two, one, two]) {
      sockets.push(node.connect(1));
      await advance(100);
    }
    sockets.push(two.connect(1));
    await advance(200);
    const closed = () => sockets.map(({ closed }) => closed?.code);
    expect(closed()).toEqual([4009, undefined, undefined, undefined, undefined, undefined]);
    // Two more at once on either: the next two go.
    sockets.push(one.connect(1), two.connect(1));
    await advance(200);
    expect(closed().map((code) => code === 4009)).toEqual([true, true, true, false, false, false, false, false]);
    // One that goes makes room for one that comes at the same moment elsewhere.
    sockets[3]?.terminate();
    sockets.push(two.connect(1));
    await advance(200);
    expect(closed().filter((code) => code === 4009)).toHaveLength(3);
  });

  test("the sockets of a node that died close none of those that came back elsewhere", async () => {
    const early = [two.connect(1), two.connect(1)];
    await advance(200);
    for (let count = 0; count < 3; count++) one.connect(1);
    await advance(200);
    broker.cut("one");
    const back = Array.from({ length: 3 }, () => two.connect(1));
    await advance(20_000);
    expect([...early, ...back].map(({ closed }) => closed)).toEqual(Array.from({ length: 5 }, () => undefined));
    back.push(two.connect(1));
    await advance(200);
    expect(early.map(({ closed }) => closed?.code)).toEqual([4009, undefined]);
  });

  test("the people of a node that died are gone within 15 s, and who came back elsewhere is not", async () => {
    const watcher = two.watch(99, "person 1", "person 2");
    one.came(1);
    one.came(2);
    await advance(1_000);
    broker.cut("one");
    const diedAt = clock.now();
    two.came(2);
    await advance(15_000);
    expect(two.status(1).status).toBe("offline");
    expect(Date.parse(two.status(1).last_seen_at ?? "")).toBeLessThanOrEqual(diedAt);
    expect(two.status(2).status).toBe("online");
    expect(seenOf(watcher)).toEqual(["person 1: online", "person 2: online", "person 1: offline"]);
    // It was only frozen: what it says again is asked for anew.
    broker.mend("one");
    await advance(4_000);
    expect(two.status(1).status).toBe("online");
    expect(one.status(2).status).toBe("online");
  });

  test("what was lost on the way is asked for again", async () => {
    one.came(1);
    await advance(200);
    broker.cut("one");
    one.came(2);
    one.went(1, { isFarewell: true });
    await advance(200);
    broker.mend("one");
    expect([two.status(1).status, two.status(2).status]).toEqual(["online", "offline"]);
    await advance(4_000);
    expect([two.status(1).status, two.status(2).status]).toEqual(["offline", "online"]);
    expect(one.presence.visibleCount).toBe(two.presence.visibleCount);
  });
});

describe.skipIf(redisLack !== undefined)(redisLack === undefined ? "over Redis" : `skipped: ${redisLack}`, () => {
  test("what a dead bridge kept apart comes together again, and a dead node leaves no ghosts", async () => {
    const redis = await TestRedis.start();
    const clock = new ManualClock();
    const join = (nodeId: string) => joinBridge({ url: redis.url, nodeId, prefix: "presence:" });
    const buses = [await join("one"), await join("two")] as const;
    const [one, two] = [await Node.start(buses[0], clock), await Node.start(buses[1], clock)];
    await Promise.all(buses.map((bus) => reaches(bus, "connected")));
    const seen = (node: Node, key: number) => node.status(key).status;
    /** Time goes on until it is so, a beat at most; what crosses the bridge needs real time as well. */
    const becomes = (isSo: () => boolean, what: string) =>
      until(() => {
        clock.advance(100);
        return isSo();
      }, what);
    one.came(1);
    two.came(2);
    await becomes(() => seen(two, 1) === "online" && seen(one, 2) === "online", "both see both");
    await redis.kill();
    await Promise.all(buses.map((bus) => reaches(bus, "away")));
    one.came(3);
    one.went(1, { isFarewell: true });
    clock.advance(15_000);
    expect([1, 2, 3].map((key) => seen(one, key))).toEqual(["offline", "offline", "online"]);
    expect([1, 2, 3].map((key) => seen(two, key))).toEqual(["offline", "online", "offline"]);
    await redis.restart();
    await Promise.all(buses.map((bus) => reaches(bus, "connected")));
    // At once: not at the next beat, for which the clock would have to go on.
    const bothKnow = () => [one, two].every((node) => seen(node, 2) === "online" && seen(node, 3) === "online");
    await until(bothKnow, "both know what happened meanwhile");
    expect([one, two].map((node) => seen(node, 1))).toEqual(["offline", "offline"]);
    // Dies without a word.
    await buses[0].close();
    clock.advance(15_000);
    expect([2, 3].map((key) => seen(two, key))).toEqual(["online", "offline"]);
    expect(two.presence.visibleCount).toBe(1);
    await Promise.all([one.stop(), two.stop()]);
    await redis.stop();
  });
});

describe("a crowd", () => {
  test("of a thousand who come and go is told to those alone who look, and to them not at every step", async () => {
    const clock = new ManualClock();
    const node = await Node.start(new LocalBroker().join("one"), clock);
    const bystanders = Array.from({ length: 100 }, (_, index) => node.watch(10_000 + index));
    const watcher = node.watch(20_000, "person 500");
    for (let round = 0; round < 3; round++) {
      for (let key = 1; key <= 1_000; key++) node.came(key);
      await node.settled();
      expect(node.presence.visibleCount).toBe(1_000);
      for (let key = 1; key <= 1_000; key++) node.went(key);
      clock.advance(graceMs + tellEveryMs);
      await node.settled();
      expect(node.presence.visibleCount).toBe(0);
    }
    expect(bystanders.flatMap(({ sent }) => sent)).toEqual([]);
    expect(seenOf(watcher)).toEqual(Array.from({ length: 6 }, (_, i) => `person 500: ${i % 2 ? "offline" : "online"}`));
    expect(node.presence.get(1)).toBeUndefined();
    await node.stop();
  });
});
