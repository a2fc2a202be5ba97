import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { codeRanges } from "../../src/protocol/code-ranges.ts";
import { mentionSites } from "../../src/protocol/mentions.ts";
import { joinedRoom, message, timelineMessage, type Message } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { people, person, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, lobbyOf, makeRoom, official } from "./rooms-cast.ts";

const names = (text: string) => mentionSites(text, 1_000).map((site) => site.names);

describe("where a text may name somebody", () => {
  test("at an @ that begins a word, with the longest text first", () => {
    expect(names("@ann hi")).toEqual([["ann hi", "ann"]]);
    expect(names("write to ann@example.org")).toEqual([]);
    expect(names("(@ann)")).toEqual([["ann)", "ann"]]);
    expect(names("@annie")).toEqual([["annie"]]);
  });

  test("a trailing dot is not part, one inside is", () => {
    expect(names("@ann.")).toEqual([["ann"]]);
    expect(names("@ann...")).toEqual([["ann"]]);
    expect(names("@ann.lee")).toEqual([["ann.lee", "ann"]]);
  });

  test("Chinese needs no space on either side", () => {
    expect(names("你好@小明，")).toEqual([["小明，", "小明", "小"]]);
    expect(names("你好@ann你好")).toEqual([["ann你好", "ann你", "ann"]]);
  });

  test("not in code spans and code blocks", () => {
    expect(names("`@ann` @ben")).toEqual([["ben"]]);
    expect(names("``a ` @ann`` @ben")).toEqual([["ben"]]);
    expect(names("\\`@ann`")).toEqual([["ann`", "ann"]]);
    expect(names("`@ann")).toEqual([["ann"]]);
    expect(names("`\n\n@ann`")).toEqual([["ann`", "ann"]]);
    expect(names("```ts\n@ann\n```\n@ben")).toEqual([["ben"]]);
    expect(names("~~~\n@ann")).toEqual([]);
    expect(names("> ```\n> @ann\n> ```\n@ben")).toEqual([["ben"]]);
  });

  test("whatever the text, in time that grows with its length alone", () => {
    const worst = Array.from({ length: 2_000 }, (_, index) => "`".repeat((index % 50) + 1)).join(" ");
    const began = performance.now();
    codeRanges(worst.repeat(4));
    mentionSites("@小".repeat(20_000), 1_000);
    expect(performance.now() - began).toBeLessThan(200);
  });
});

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  const say = async (who: Person, roomId: string, content: string): Promise<Message> =>
    (await who.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
  const roomOf = async (who: Person, roomId: string) => {
    const rooms = (await who.http("GET", "/rooms?type=joined&per_page=100")).as(z.array(joinedRoom));
    const found = rooms.find(({ id }) => id === roomId);
    if (!found) throw new Error("not in the room");
    return found;
  };

  describe("whom a message names", () => {
    test("the longest name of a member wins, whatever its case; whoever is no member is not named", async () => {
      const { ann, eve } = await cast(server, "ann", "eve");
      const short = await person(server, "lee");
      const long = await person(server, "lee.wong");
      const room = await makeRoom(ann, { members: [short, long] });
      const named = async (content: string) => (await say(ann, room.id, content)).mentions;
      expect(await named("@lee.wong hello")).toEqual([long.id]);
      expect(await named("@LEE. @Lee.Wong.")).toEqual([short.id, long.id]);
      expect(await named(`@${eve.username}`)).toEqual([]);
      expect(await named("@leeds, `@lee` and lee@example.org")).toEqual([]);
      expect(await named("@lee-wong")).toEqual([short.id]);
      expect(await named("@lee @lee @lee")).toEqual([short.id]);
    });

    test("by a display name, too, if only one member has it", async () => {
      const { ann, ben, cleo, dora } = await cast(server, "ann", "ben", "cleo", "dora");
      await ben.http("PATCH", "/users/me", { display_name: "小明" });
      await cleo.http("PATCH", "/users/me", { display_name: "Cleo May" });
      const room = await makeRoom(ann, { members: [ben, cleo] });
      expect((await say(ann, room.id, "你好@小明，@cleo may!")).mentions).toEqual([ben.id, cleo.id]);
      await dora.http("PATCH", "/users/me", { display_name: "小明" });
      await ann.http("POST", `/rooms/${room.id}/members`, { user_ids: [dora.id] });
      expect((await say(ann, room.id, "你好@小明，")).mentions).toEqual([]);
    });

    test("everybody by who runs the room; by others it is plain text", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { members: [ben] });
      expect((await say(ann, room.id, "@all hands")).mentions).toEqual(["all"]);
      expect((await say(ben, room.id, "@all hands")).mentions).toEqual([]);
      expect((await say(ann, room.id, "`@all`")).mentions).toEqual([]);
      const lobby = await lobbyOf(ann);
      expect((await say(ann, lobby.id, "@all")).mentions).toEqual([]);
      const moderator = await official(server, "moderator");
      expect((await say(moderator, lobby.id, "@ALL")).mentions).toEqual(["all"]);
    });

    test("in the lobby any account", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const lobby = await lobbyOf(ann);
      expect((await say(ann, lobby.id, `@${ben.username}`)).mentions).toEqual([ben.id]);
    });

    test("a thousand names in one message: fifty of them, and quickly", async () => {
      const { ann } = await cast(server, "ann");
      const crowd = await people(server, ...Array.from({ length: 55 }, (_, index) => `crowd${index}x${dialect}`));
      const members = Object.values(crowd);
      const room = await makeRoom(ann, { members });
      const text = members.map(({ username }) => `@${username}`).join(" ");
      expect((await say(ann, room.id, text)).mentions).toHaveLength(50);
      const began = performance.now();
      expect((await say(ann, room.id, "@a".repeat(2_000))).mentions).toEqual([]);
      expect(performance.now() - began).toBeLessThan(500);
    });

    test("sends of one socket keep their order, with and without names", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { members: [ben] });
      const socket = await ann.connect();
      const said = Array.from({ length: 20 }, (_, index) =>
        index % 3 === 0 ? `@${ben.username} ${index}` : `${index}`,
      );
      await Promise.all(said.map((content) => socket.say(room.id, content)));
      const page = (await ann.http("GET", `/rooms/${room.id}/messages`)).as(z.array(timelineMessage));
      const texts = page.flatMap((each) => ("content" in each && each.type === "text" ? [each.content] : []));
      expect(texts).toEqual(said);
      socket.close();
    });

    test("names are in the message wherever it appears: live, in history, in what changed", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { members: [ben] });
      const socket = await ben.connect();
      const sent = await say(ann, room.id, `@${ben.username}!`);
      const live = await socket.next("new_message", ({ id }) => id === sent.id);
      const [last] = (await ben.http("GET", `/rooms/${room.id}/messages?limit=1`)).as(z.array(message));
      expect(live.payload.mentions).toEqual([ben.id]);
      expect(last?.mentions).toEqual([ben.id]);
      socket.close();
    });
  });

  describe("mentions that are unread", () => {
    test("are counted by room, by others and after the cursor; the same on every device", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { members: [ben] });
      await say(ben, room.id, `I am @${ben.username}`);
      const first = await say(ann, room.id, `@${ben.username} one`);
      await say(ann, room.id, "two");
      await say(ann, room.id, "@all three");
      expect(await roomOf(ben, room.id)).toMatchObject({ unread_count: 3, mention_count: 2 });
      const socket = await ben.connect({ early: true });
      const { payload } = await socket.ready();
      expect(payload.rooms.find(({ id }) => id === room.id)).toMatchObject({ unread_count: 3, mention_count: 2 });
      await ben.http("POST", `/rooms/${room.id}/messages/read`, { last_read_message_id: first.id });
      expect(await roomOf(ben, room.id)).toMatchObject({ unread_count: 2, mention_count: 1 });
      expect(await roomOf(ann, room.id)).toMatchObject({ unread_count: 0, mention_count: 0 });
      await say(ben, room.id, "seen");
      expect(await roomOf(ben, room.id)).toMatchObject({ unread_count: 0, mention_count: 0 });
      socket.close();
    });

    test("are counted to a hundred, also where memory does not reach", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const room = await makeRoom(ann, { members: [ben, cleo] });
      const socket = await ann.connect();
      await socket.say(room.id, `@${cleo.username}`);
      for (let sent = 0; sent < 120; sent += 15) {
        await Promise.all(Array.from({ length: 15 }, () => socket.say(room.id, `@${ben.username}`)));
      }
      expect(await roomOf(ben, room.id)).toMatchObject({ mention_count: 100 });
      expect(await roomOf(cleo, room.id)).toMatchObject({ mention_count: 1 });
      socket.close();
    });
  });
});
