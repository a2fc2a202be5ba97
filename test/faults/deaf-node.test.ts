import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { readConfig } from "../../src/server/config.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { message, room } from "../../src/protocol/models.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { until } from "../support/deferred.ts";
import { type Ground, prepareGround } from "../support/environment.ts";
import { people, type Person } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";
import { TestSocket } from "../support/socket.ts";
import { seeded } from "../support/random.ts";
import { unrulyBus } from "../support/unruly-bus.ts";

const reached = ({ url }: RunningServer) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

let casts = 0;

/** New people each time, by what a test calls them. */
async function newcomers<const N extends string>(node: RunningServer, ...names: N[]): Promise<Record<N, Person>> {
  const number = ++casts;
  const made = await people(reached(node), ...names.map((name) => `${name}${number}`));
  return Object.fromEntries(names.map((name) => [name, made[`${name}${number}`]])) as Record<N, Person>;
}

/** Two nodes over one Postgres, of which the second is cut off from the bridge now and then. */
describe.skipIf(postgresLack !== undefined)("a node that is cut off from the bridge", () => {
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

  /** People on the first node, and the same on the second. */
  async function cast<const N extends string>(...names: N[]): Promise<Record<N, Person> & { far: Record<N, Person> }> {
    const here = await newcomers(one, ...names);
    const far = Object.fromEntries(names.map((name) => [name, here[name].at(reached(two))])) as Record<N, Person>;
    return { ...here, far };
  }

  const makeRoom = async (owner: Person, members: Person[], type = "private") =>
    (await owner.http("POST", "/rooms", { name: "room", type, member_ids: members.map(({ id }) => id) })).as(room).id;

  const say = async (person: Person, roomId: string, content: string) =>
    (await person.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);

  /** The messages of a room that a socket got live, each as `seq content`. */
  const got = (socket: TestSocket, roomId: string) =>
    socket
      .seen("new_message")
      .filter((each) => each.room_id === roomId && each.type !== "system")
      .map(({ content }) => content);

  test("gives its sockets what is said elsewhere all the same, once and in order, also what it says itself", async () => {
    const { ann, ben, far } = await cast("ann", "ben");
    const roomId = await makeRoom(ann, [ben]);
    const [here, there] = [await ann.connect(), await far.ben.connect()];
    await say(ann, roomId, "before");
    await there.next("new_message", ({ content }) => content === "before");
    broker.cut("two");
    await here.say(roomId, "one", "a-temp-id");
    await there.say(roomId, "two");
    await say(ann, roomId, "three");
    const { payload } = await there.next("new_message", ({ content }) => content === "one");
    expect(payload).toMatchObject({ temp_id: "a-temp-id", sender: { id: ann.id }, type: "text", reactions: [] });
    await there.next("new_message", ({ content }) => content === "three");
    // The other node hears nothing of this one either, and notices it in the database alone.
    await here.next("new_message", ({ content }) => content === "two");
    await say(ann, roomId, "four");
    await there.next("new_message", ({ content }) => content === "four");
    broker.mend("two");
    await say(ann, roomId, "five");
    await there.say(roomId, "six");
    for (const socket of [here, there]) {
      await socket.next("new_message", ({ content }) => content === "six");
      await socket.fence();
      expect(got(socket, roomId)).toEqual(["before", "one", "two", "three", "four", "five", "six"]);
      const revs = socket.seen("new_message").filter((each) => each.room_id === roomId);
      expect(revs.map(({ rev }) => rev)).toEqual(revs.map(({ rev }) => rev).sort((a, b) => a - b));
      socket.close();
    }
  });

  test("asks only about those to whom others say that they told something, but for the first time", async () => {
    const { ann, ben, far } = await cast("ann", "ben");
    const rooms = [];
    for (let count = 0; count < 20; count++) rooms.push(await makeRoom(ann, [ben]));
    const [here, there] = [await ann.connect(), await far.ben.connect()];
    const { bridgeRoomsCompared, bridgePolls } = two.context.metrics;
    const counted = async () => {
      const [compared, looks] = [await bridgeRoomsCompared.get(), await bridgePolls.get()];
      return { compared: compared.values[0]?.value ?? 0, looks: looks.values[0]?.value ?? 0 };
    };
    broker.cut("two");
    const roomId = rooms[7] ?? "";
    await here.say(roomId, "first");
    await there.next("new_message", ({ content }) => content === "first");
    let before = await counted();
    await until(async () => {
      const now = await counted();
      const isSo = now.looks > before.looks && now.compared - before.compared < rooms.length;
      if (now.looks > before.looks) before = now;
      return isSo;
    }, "a look into few rooms");
    await here.say(roomId, "second");
    await there.next("new_message", ({ content }) => content === "second");
    broker.mend("two");
    for (const socket of [here, there]) socket.close();
  });

  test("makes the others tell its people anew what it could not tell them", async () => {
    const { ann, ben, far } = await cast("ann", "ben");
    await ann.http("POST", "/friends/requests", { user_id: ben.id });
    const [bens, anns] = [await ben.connect(), await ann.connect()];
    broker.cut("two");
    const status_text = "said on the second node";
    await far.ben.http("PATCH", "/users/me", { status_text });
    broker.mend("two");
    const { payload } = await bens.next("ready");
    expect(payload).toMatchObject({ user: { status_text }, friend_requests: [{ user: { id: ann.id } }] });
    await bens.fence();
    await anns.fence();
    expect(anns.seen("ready")).toHaveLength(1);
    for (const socket of [bens, anns]) socket.close();
  });

  test("puts out whom others have put out, and refuses what they have been denied, with the next look", async () => {
    const { ann, ben, cleo, far } = await cast("ann", "ben", "cleo");
    const roomId = await makeRoom(ann, [ben, cleo]);
    const [bens, cleos] = [await far.ben.connect(), await far.cleo.connect()];
    await bens.say(roomId, "here I am");
    await cleos.say(roomId, "me too");
    broker.cut("two");
    await ann.http("DELETE", `/rooms/${roomId}/members/${ben.id}`);
    await ann.http("PATCH", `/rooms/${roomId}/members/${cleo.id}`, {
      muted_until: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const removed = await bens.next("room_removed");
    expect(removed.payload).toEqual({ room_id: roomId, reason: "kicked" });
    await cleos.next("member_updated", ({ member }) => member.user_id === cleo.id && member.muted_until !== null);
    const refusals = [
      await bens.refused("send_message", { room_id: roomId, content: "still here?", temp_id: "one" }),
      await cleos.refused("send_message", { room_id: roomId, content: "and I?", temp_id: "two" }),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(["ROOM_NOT_FOUND", "MUTED"]);
    await say(ann, roomId, "not for ben");
    await cleos.next("new_message", ({ content }) => content === "not for ben");
    await bens.fence();
    expect(got(bens, roomId)).not.toContain("not for ben");
    broker.mend("two");
    for (const socket of [bens, cleos]) socket.close();
  });

  test("that tells somebody by an answer that they are out of a room tells them nothing of it afterwards", async () => {
    const { ann, ben, far } = await cast("ann", "ben");
    const [roomId, other] = [await makeRoom(ann, [ben]), await makeRoom(ann, [ben])];
    const bens = await far.ben.connect();
    const rev = (await bens.say(roomId, "here I am")).rev;
    const epoch = bens.seen("connected")[0]?.epoch ?? "";
    broker.cut("two");
    await say(ann, roomId, "before it");
    await ann.http("DELETE", `/rooms/${roomId}/members/${ben.id}`);
    await bens.request("sync", { epoch, rooms: [{ room_id: roomId, rev }] });
    const answered = bens.frames.findIndex(({ type }) => type === "room_removed");
    expect(answered).toBeGreaterThan(0);
    // The next look at the database is at all rooms.
    await say(ann, other, "after it");
    await bens.next("new_message", ({ content }) => content === "after it");
    await bens.fence();
    broker.mend("two");
    const later = bens.frames.slice(answered).map(({ payload }) => payload);
    expect(later.filter((each) => "rev" in each && "room_id" in each && each.room_id === roomId)).toEqual([]);
    bens.close();
  });

  test("brings people into rooms, tells them of requests, and hides what they have blocked elsewhere", async () => {
    const { ann, ben, cleo, far } = await cast("ann", "ben", "cleo");
    const roomId = await makeRoom(ann, [ben, cleo]);
    const bens = await far.ben.connect();
    broker.cut("two");
    const secondId = await makeRoom(ann, [ben]);
    await ben.http("PUT", `/blocks/${cleo.id}`);
    await ann.http("POST", "/friends/requests", { user_id: ben.id });
    await say(cleo, roomId, "unseen");
    await say(ann, secondId, `welcome @${ben.username}`);
    const { payload } = await bens.next("room_added", (added) => added.room.id === secondId);
    expect(payload.room).toMatchObject({ my_role: "member", member_count: 2 });
    await bens.next("relationship_changed", ({ user, blocked }) => user.id === cleo.id && blocked);
    await bens.next("relationship_changed", ({ user, request }) => user.id === ann.id && request === "incoming");
    await bens.next("notification", ({ kind, room_id }) => kind === "mention" && room_id === secondId);
    await say(ann, secondId, "live again");
    await bens.next("new_message", ({ content }) => content === "live again");
    await say(ann, roomId, "to end with");
    await bens.next("new_message", ({ content }) => content === "to end with");
    expect(JSON.stringify(bens.frames)).not.toContain("unseen");
    expect(bens.frames.filter((frame) => JSON.stringify(frame).includes('"is_hidden":true'))).toHaveLength(1);
    broker.mend("two");
    bens.close();
  });

  test("ends the watching of what is private by now, and empties what is deleted", async () => {
    const { ann, ben, far } = await cast("ann", "ben");
    const [openId, goneId] = [await makeRoom(ann, [], "public"), await makeRoom(ann, [ben], "public")];
    const guest = new TestSocket(`${reached(two).wsUrl}?guest=1`);
    const bens = await far.ben.connect();
    await guest.ready();
    await guest.ack("join_room", { room_id: openId });
    broker.cut("two");
    await say(ann, openId, "for all");
    await guest.next("new_message", ({ content }) => content === "for all");
    await ann.http("PATCH", `/rooms/${openId}`, { type: "private" });
    await ann.http("DELETE", `/rooms/${goneId}`);
    await bens.next("room_deleted", ({ room_id }) => room_id === goneId);
    const { payload } = await bens.next("room_removed", ({ room_id }) => room_id === goneId);
    expect(payload.reason).toBe("deleted");
    await say(ann, openId, "for members");
    broker.mend("two");
    await say(ann, openId, "for members too");
    await say(ann, (await lobbyOf(ann)) ?? "", "to end with");
    await bens.next("new_message", ({ content }) => content === "to end with");
    await guest.fence();
    expect(got(guest, openId)).toEqual(["for all"]);
    for (const socket of [guest, bens]) socket.close();
  });
});

/** Two nodes over one Postgres, of which the second hears what a bus brings that loses, delays and has yet to begin. */
describe.skipIf(postgresLack !== undefined)("a node on a bridge that does not bring everything", () => {
  const broker = new LocalBroker();
  let ground: Ground;
  let one: RunningServer;
  let two: RunningServer;
  /** What becomes of the messages of rooms. */
  let fate: () => number | null = () => 0;

  beforeAll(async () => {
    ground = await prepareGround({ dialect: "postgres" });
    const config = readConfig(ground.env);
    one = await serve(config, { bus: broker.join("one") });
    const bus = unrulyBus(broker.join("two"), { of: (channel) => (channel.startsWith("room:") ? fate() : 0) });
    two = await serve(config, { bus });
  });
  afterAll(async () => {
    await two?.stop();
    await one?.stop();
    await ground?.clear();
  });

  test("gives all of it once and in order, what was lost from the database", () =>
    seeded(async (random) => {
      const { ann, ben } = await newcomers(one, "ann", "ben");
      const body = { name: "room", type: "private", member_ids: [ben.id] };
      const { id: roomId } = (await ann.http("POST", "/rooms", body)).as(room);
      const [here, there] = [await ann.connect(), await ben.at(reached(two)).connect()];
      fate = () => (random() < 0.15 ? null : random() < 0.3 ? Math.ceil(random() * 150) : 0);
      const said = Array.from({ length: 80 }, (_, index) => `message ${index}`);
      for (const content of said) await here.say(roomId, content);
      fate = () => 0;
      await here.say(roomId, "the last");
      await there.next("new_message", ({ content }) => content === "the last");
      await there.fence();
      const got = there.seen("new_message").filter((each) => each.room_id === roomId && each.type !== "system");
      expect(got.map(({ content }) => content)).toEqual([...said, "the last"]);
      expect(got.map(({ rev }) => rev)).toEqual(got.map(({ rev }) => rev).sort((a, b) => a - b));
      for (const socket of [here, there]) socket.close();
    }));

  test("asks for what was said in a room while it had only begun to listen to it", async () => {
    const { ann, ben } = await newcomers(one, "ann", "ben");
    const body = { name: "room", type: "private", member_ids: [ben.id] };
    const { id: roomId } = (await ann.http("POST", "/rooms", body)).as(room);
    const here = await ann.connect();
    // The channel of the room is heard late: nothing of this arrives.
    fate = () => null;
    const there = await ben.at(reached(two)).connect();
    await here.say(roomId, "said in between");
    fate = () => 0;
    two.hub.interest.onLive(roomId);
    await there.next("new_message", ({ content }) => content === "said in between");
    for (const socket of [here, there]) socket.close();
  });
});

async function lobbyOf(person: Person): Promise<string | undefined> {
  const joined = (await person.http("GET", "/rooms?type=joined")).as(z.array(room));
  return joined.find(({ is_lobby }) => is_lobby)?.id;
}
