import { describe, expect, test } from "bun:test";
import type { EventPayload } from "../../src/protocol/events.ts";
import { type Bus } from "../../src/server/platform/bus/bus.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { CacheRegistry } from "../../src/server/platform/cache/cache.ts";
import { named } from "../../src/server/platform/log.ts";
import { Publisher } from "../../src/server/realtime/publish.ts";
import { hubRig } from "./socket-pair.ts";

/** A node: a hub of its own on a bus that all share. */
function node(bus: Bus, roomsOf: (userId: string) => Promise<string[]> = async () => []) {
  const rig = hubRig();
  const caches = new CacheRegistry();
  const publish = new Publisher({ hub: rig.hub, bus, caches, clock: rig.clock, log: named("test"), roomsOf });
  return { ...rig, caches, publish, bus };
}

function message(content: string, rev: number) {
  return { room_id: "room", rev, content } as EventPayload<"new_message">;
}

describe("an event on another node", () => {
  test("reaches those who are in the room there, as the very same bytes", async () => {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one")), node(broker.join("two"))];
    const [here, there, outside] = [one.connect("ann"), two.connect("ben"), two.connect("cleo")];
    one.makeReady(here.session, { room: 1 });
    two.makeReady(there.session, { room: 1 });
    two.makeReady(outside.session);
    await Promise.all([one.turn(), two.turn()]);
    one.publish.toRoom("new_message", message("hello\n牛肉麵", 2));
    await Promise.all([one.turn(), two.turn()]);
    expect(there.socket.heard).toEqual(["ready", "hello\n牛肉麵"]);
    expect(there.socket.sent[1]).toBe(here.socket.sent[1] ?? "");
    expect(outside.socket.heard).toEqual(["ready"]);
  });

  test("for a person reaches their sockets there, which come into a room or leave it", async () => {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one")), node(broker.join("two"))];
    const there = two.connect("ben");
    two.makeReady(there.session, { old: 1 });
    await two.turn();
    one.publish.toUser("ben", "room_added", { room: { id: "room", rev: 1 } } as EventPayload<"room_added">);
    one.publish.toUser("ben", "room_removed", { room_id: "old", reason: "left" });
    await Promise.all([one.turn(), two.turn()]);
    expect([...there.session.rooms.keys()]).toEqual(["room"]);
    one.publish.toRoom("new_message", message("welcome", 2));
    await Promise.all([one.turn(), two.turn()]);
    expect(there.socket.heard).toEqual(["ready", "room_added", "room_removed", "welcome"]);
  });

  test("for acquaintances reaches oneself and the members of one's rooms, not the lobby nor who looks on", async () => {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one"), async () => ["room"]), node(broker.join("two"))];
    const [own, near, watching, far] = [two.connect("ann"), two.connect("ben"), two.connect(null), two.connect("cleo")];
    two.makeReady(own.session, { lobby: 1 });
    two.makeReady(near.session, { lobby: 1, room: 1 });
    two.makeReady(watching.session, { room: 1 });
    two.makeReady(far.session, { lobby: 1 });
    await two.turn();
    watching.session.watched.add("room");
    one.publish.toAcquaintances("ann", "user_updated", {
      user: { id: "ann", username: "ann", display_name: "Ann", avatar_url: null },
    });
    await Promise.all([one.turn(), two.turn()]);
    await two.turn();
    const heard = [own, near, watching, far].map(({ socket }) => socket.heard.includes("user_updated"));
    expect(heard).toEqual([true, true, false, false]);
  });
});

describe("an order to all nodes", () => {
  test("disconnects one session, all but one, or all of a person, and nobody else", async () => {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one")), node(broker.join("two"))];
    const signIn = (sessionId: string) => ({ viewer: { key: 1, id: "ann", role: "user" as const, sessionId } });
    const phone = two.connect("ann", signIn("phone"));
    const desk = one.connect("ann", signIn("desk"));
    const other = two.connect("ben");
    one.publish.disconnect({ userId: "ann", sessionId: "tablet" }, 4001);
    one.publish.disconnect({ userId: "ann", exceptSessionId: "desk" }, 4001);
    await two.turn();
    expect([phone, desk, other].map(({ socket }) => socket.closed?.code)).toEqual([4001, undefined, undefined]);
    two.publish.disconnect({ userId: "ann" }, 4001);
    await two.turn();
    expect(desk.socket.closed?.code).toBe(4001);
    expect(other.socket.closed).toBeUndefined();
  });

  test("drops what caches hold, here at once", async () => {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one")), node(broker.join("two"))];
    const dropped: string[] = [];
    one.caches.register("people", (key) => void dropped.push(`one ${key}`));
    two.caches.register("people", (key) => void dropped.push(`two ${key}`));
    one.publish.invalidate("people", "ann");
    expect(dropped).toEqual(["one ann"]);
    await two.turn();
    expect(dropped).toEqual(["one ann", "two ann"]);
  });

  test("empties a room of those who look on, or of all, after what was said before", async () => {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one")), node(broker.join("two"))];
    const [guest, member] = [two.connect(null), two.connect("ann")];
    two.makeReady(guest.session, { room: 1 });
    two.makeReady(member.session, { room: 1 });
    await two.turn();
    guest.session.watched.add("room");
    const said = async (content: string, rev: number) => {
      one.publish.toRoom("new_message", message(content, rev));
      await Promise.all([one.turn(), two.turn()]);
    };
    await said("for all", 2);
    one.publish.emptyRoom("room", true);
    await said("for members", 3);
    one.publish.emptyRoom("room", false);
    await said("for nobody", 4);
    expect(guest.socket.heard).toEqual(["ready", "for all"]);
    expect(member.socket.heard).toEqual(["ready", "for all", "for members"]);
  });
});

describe("the bus", () => {
  test("is listened to only for rooms and people that have sockets here", async () => {
    const broker = new LocalBroker();
    const listening = new Set<string>();
    const joined = broker.join("one");
    const bus: Bus = {
      ...joined,
      isAlone: false,
      subscribe: (channel, listener) => {
        listening.add(channel);
        const stop = joined.subscribe(channel, listener);
        return () => {
          listening.delete(channel);
          stop();
        };
      },
    };
    const one = node(bus);
    expect([...listening]).toEqual(["all"]);
    const [first, second] = [one.connect("ann"), one.connect("ann")];
    for (const { session } of [first, second]) one.makeReady(session, { room: 1 });
    await one.turn();
    expect([...listening].sort()).toEqual(["all", "room:room", "user:ann"]);
    first.socket.terminate();
    expect(listening.size).toBe(3);
    second.socket.terminate();
    expect([...listening]).toEqual(["all"]);
  });

  test("may bring what is not understood: it is passed over", async () => {
    const broker = new LocalBroker();
    const stranger = broker.join("stranger");
    const two = node(broker.join("two"));
    const { socket, session } = two.connect("ann");
    two.makeReady(session, { room: 1 });
    await two.turn();
    for (const text of [
      "",
      "nonsense",
      '{"v":99,"message":{"to":"room"}}\n{}',
      '{"v":1,"message":{"do":"explode"}}\n',
    ]) {
      stranger.publish("all", text);
      stranger.publish("room:room", text);
    }
    two.publish.toRoom("new_message", message("hello", 2));
    await two.turn();
    expect(socket.heard).toEqual(["ready", "hello"]);
  });
});
