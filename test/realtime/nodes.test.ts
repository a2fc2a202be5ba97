import { describe, expect, test } from "bun:test";
import type { EventPayload } from "../../src/protocol/events.ts";
import { type Bus } from "../../src/server/platform/bus/bus.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { CacheRegistry } from "../../src/server/platform/cache/cache.ts";
import { named } from "../../src/server/platform/log.ts";
import { Publisher } from "../../src/server/realtime/publish.ts";
import { RoomFrame } from "../../src/server/realtime/room-frame.ts";
import { hubRig } from "./socket-pair.ts";

/** A node: a hub of its own on a bus that all share. */
function node(bus: Bus, roomsOf: (userId: string) => Promise<string[]> = async () => []) {
  const rig = hubRig();
  const caches = new CacheRegistry();
  const { hub, clock, metrics } = rig;
  const publish = new Publisher({ hub, bus, caches, clock, log: named("test"), metrics, roomsOf });
  return { ...rig, caches, publish, bus };
}

function message(content: string, rev: number, by = "someone", quoted?: string) {
  const reply_to = quoted === undefined ? null : { id: "quoted", sender: { id: quoted }, content: "what was said" };
  return {
    id: `message ${rev}`,
    room_id: "room",
    seq: rev,
    rev,
    sender: { id: by },
    type: "text",
    content,
    reply_to,
  } as EventPayload<"new_message">;
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
    // What else tells of his coming has the same number.
    one.publish.passOver("room", 1);
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

describe("what is hidden from somebody", () => {
  /** Ann and Ben on node one, Ben's blocker Cleo on both, with others enough for a topic. */
  async function world() {
    const broker = new LocalBroker();
    const [one, two] = [node(broker.join("one")), node(broker.join("two"))];
    const turn = () => Promise.all([one.turn(), two.turn()]);
    const enter = (at: typeof one, userId: string) => {
      const connected = at.connect(userId);
      at.makeReady(connected.session, { room: 1 });
      return connected;
    };
    const cleoHere = enter(one, "cleo");
    const cleoThere = enter(two, "cleo");
    const ben = enter(one, "ben");
    const others = ["ann", "dora", "emil", "fay", "gil", "hana"].map((name) => enter(two, name).socket);
    await turn();
    one.publish.hide("cleo", "ben", true);
    await turn();
    return { one, two, turn, ben, cleos: [cleoHere.socket, cleoThere.socket], others };
  }

  test("comes to them as a stub, on every node, in its place among all others", async () => {
    const { one, two, turn, cleos, others } = await world();
    one.publish.toRoom("new_message", message("one", 2, "ann"));
    one.publish.toRoom("new_message", message("two", 3, "ben"));
    one.publish.toRoom("new_message", message("three", 4, "ann"));
    await turn();
    two.publish.toRoom("new_message", message("four", 5, "ben"));
    two.publish.toRoom("new_message", message("five", 6, "ann"));
    await turn();
    await turn();
    for (const { heard } of others) expect(heard.slice(1)).toEqual(["one", "two", "three", "four", "five"]);
    for (const { sent, heard } of cleos) {
      expect(heard.slice(1)).toEqual(["one", "(hidden)", "three", "(hidden)", "five"]);
      const [stub] = sent.filter((text) => text.includes("is_hidden"));
      expect(JSON.parse(stub ?? "")).toMatchObject({
        type: "new_message",
        payload: { id: "message 3", room_id: "room", seq: 3, rev: 3, is_hidden: true },
      });
      expect(Object.keys(JSON.parse(stub ?? "").payload)).toHaveLength(5);
      expect(sent.join()).not.toContain("two");
    }
  });

  test("is only the room's number where nothing stands in its place, and nothing where it only passes", async () => {
    const { one, turn, cleos, others, ben } = await world();
    const typing = { room_id: "room", user: { id: "ben", display_name: "Ben" }, is_typing: true };
    one.publish.toRoom("reaction_changed", {
      room_id: "room",
      message_id: "message",
      emoji: "🧋",
      count: 1,
      user_id: "ben",
      added: true,
      rev: 2,
    });
    one.publish.toRoomNow("ben", "user_typing", typing);
    one.publish.toRoomNow("cleo", "user_typing", { ...typing, user: { id: "cleo", display_name: "Cleo" } });
    await turn();
    await turn();
    for (const { heard } of others) expect(heard.slice(1)).toEqual(["reaction_changed", "user_typing", "user_typing"]);
    for (const { heard, sent } of cleos) {
      expect(heard.slice(1)).toEqual(["room_advanced", "user_typing"]);
      expect(JSON.parse(sent[1] ?? "").payload).toEqual({ room_id: "room", message_id: "message", rev: 2 });
    }
    // Typing is unseen both ways: the blocked does not see the blocker's.
    expect(ben.socket.heard.slice(1)).toEqual(["reaction_changed", "user_typing"]);
  });

  test("is taken out of what others quote, but not what a system line tells", async () => {
    const { one, turn, cleos, others } = await world();
    one.publish.toRoom("new_message", message("as Ben says", 2, "ann", "ben"));
    one.publish.toRoom("new_message", { ...message("", 3, "ben"), type: "system" });
    await turn();
    await turn();
    const quoted = ({ sent }: { sent: string[] }) => JSON.parse(sent[1] ?? "").payload.reply_to;
    for (const cleo of cleos) {
      expect(quoted(cleo)).toBeNull();
      expect(cleo.sent[2]).not.toContain("is_hidden");
    }
    expect(others.map(quoted)).toEqual(others.map(() => expect.objectContaining({ id: "quoted" })));
  });

  test("is seen again at once when the block has ended", async () => {
    const { one, two, turn, cleos } = await world();
    two.publish.hide("cleo", "ben", false);
    await turn();
    one.publish.toRoom("new_message", message("hello again", 2, "ben"));
    await turn();
    await turn();
    for (const { heard } of cleos) expect(heard.slice(1)).toEqual(["hello again"]);
  });

  test("is hidden too when it was published while they came in", async () => {
    const { one, turn } = await world();
    const held = one.hub.recent.hold();
    one.publish.toRoom("new_message", message("meanwhile", 2, "ben"));
    one.publish.toRoom("new_message", message("and by Ann", 3, "ann"));
    await turn();
    const late = one.connect("cleo");
    one.makeReady(late.session, { room: 1 }, held.from);
    await turn();
    expect(late.socket.heard).toEqual(["ready", "(hidden)", "and by Ann"]);
    held.release();
  });

  test("is hidden in a room so big that frames wait, also from who leaves meanwhile", async () => {
    const one = node(new LocalBroker().join("one"));
    const people = Array.from({ length: 1_100 }, (_, index) => one.connect(`reader ${index}`));
    for (const { session } of people) one.makeReady(session, { room: 1 });
    await one.turn();
    const [stays, leaves, sees] = [people[3], people[700], people[900]];
    for (const name of ["reader 3", "reader 700"]) one.publish.hide(name, "ben", true);
    one.publish.toRoom("new_message", message("not for all", 2, "ben"));
    one.publish.toUser("reader 700", "room_removed", { room_id: "room", reason: "left" });
    one.publish.toRoom("new_message", message("for all", 3, "ann"));
    await one.turn();
    one.clock.advance(50);
    for (let turns = 0; turns < 6; turns++) await one.turn();
    expect(stays?.socket.heard).toEqual(["ready", "(hidden)", "for all"]);
    expect(leaves?.socket.heard).toEqual(["ready", "room_removed", "(hidden)"]);
    expect(sees?.socket.heard).toEqual(["ready", "not for all", "for all"]);
  });

  test("is forgotten with the last sockets of both", async () => {
    const { one, ben, cleos } = await world();
    const event = new RoomFrame(JSON.stringify({ type: "new_message", payload: message("x", 2) }), { by: "ben" });
    const apart = () => one.hub.hiddenAuthors.apart("room", event).length;
    expect(apart()).toBe(1);
    cleos[0]?.terminate();
    ben.socket.terminate();
    one.makeReady(one.connect("cleo").session, { room: 1 });
    await one.turn();
    expect(apart()).toBe(0);
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

describe("who changed something", () => {
  test("waits for orders that are on their way, not for events, nor for a bridge that is silent", async () => {
    const broker = new LocalBroker();
    const [inner] = [broker.join("one"), broker.join("two")];
    const way = Promise.withResolvers<void>();
    const one = node(Object.create(inner, { carried: { value: () => way.promise } }) as Bus);
    one.publish.toUser("ben", "room_removed", { room_id: "room", reason: "left" });
    expect(one.publish.told()).toBeUndefined();
    one.publish.invalidate("blocks", "7");
    const telling = one.publish.told();
    expect(telling).toBeInstanceOf(Promise);
    broker.hush("one");
    expect(one.publish.told()).toBeUndefined();
    broker.unhush("one");
    expect(one.publish.told()).toBeInstanceOf(Promise);
    way.resolve();
    await telling;
    expect(one.publish.told()).toBeUndefined();
  });
});
