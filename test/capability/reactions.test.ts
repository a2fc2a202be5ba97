import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { joinedRoom, message, roomChanges, timelineMessage, userRef, type Message } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { react } from "../../src/server/messages/react.ts";
import type { Actor } from "../../src/server/context.ts";
import { request, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, makeRoom, official, unique } from "./rooms-cast.ts";

const say = async (who: Person, roomId: string, content = "react to me") =>
  (await who.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
const pathOf = (messageId: string, emoji: string) => `/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`;
const put = async (who: Person, { id }: Pick<Message, "id">, emoji = "👍") => who.http("PUT", pathOf(id, emoji));
const take = async (who: Person, { id }: Pick<Message, "id">, emoji = "👍") => who.http("DELETE", pathOf(id, emoji));

async function seenBy(who: Person, { id, room_id }: Pick<Message, "id" | "room_id">) {
  const page = (await who.http("GET", `/rooms/${room_id}/messages`)).as(z.array(timelineMessage));
  const found = page.find((each) => each.id === id);
  return found && "reactions" in found ? found.reactions : undefined;
}

/** So many people beside `like`, put where registering leads: a thousand passwords would take longer than all else. */
async function crowdOf({ context }: TestServer, like: Person, size: number): Promise<Actor[]> {
  const { users } = context.db.tables;
  return context.db.write(async (tx) => {
    const [row] = await tx.select().from(users).where(eq(users.id, like.id));
    if (!row) throw new Error("nobody is like nobody");
    const { key: _, ...account } = row;
    const found: Actor[] = [];
    for (let at = 0; at < size; at += 100) {
      const part = Array.from({ length: 100 }, () => {
        const username = unique("fan");
        return { ...account, id: Bun.randomUUIDv7(), username, username_lower: username, username_skeleton: username };
      });
      const made = await tx.insert(users).values(part).returning({ key: users.key, id: users.id });
      found.push(...made.map((each) => ({ ...each, role: "user" as const, sessionId: "" })));
    }
    return found;
  });
}

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  describe("reactions", () => {
    test("are counted for all, with one's own marked for oneself", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { type: "private", members: [ben] });
      const said = await say(ann, id);
      const socket = await ann.connect();
      expect((await put(ben, said)).data).toEqual({ message_id: said.id, emoji: "👍", count: 1, me: true });
      const { payload } = await socket.next("reaction_changed");
      const rev = said.rev + 1;
      const told = { room_id: id, message_id: said.id, emoji: "👍", user_id: ben.id };
      expect(payload).toEqual({ ...told, count: 1, added: true, rev });
      expect(await seenBy(ben, said)).toEqual([{ emoji: "👍", count: 1, me: true }]);
      expect(await seenBy(ann, said)).toEqual([{ emoji: "👍", count: 1, me: false }]);
      expect((await take(ben, said)).data).toEqual({ message_id: said.id, emoji: "👍", count: 0, me: false });
      expect((await socket.next("reaction_changed")).payload).toEqual({
        ...told,
        count: 0,
        added: false,
        rev: rev + 1,
      });
      expect(await seenBy(ben, said)).toEqual([]);
    });

    test("what is so already changes nothing and tells nobody", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const said = await say(ann, id);
      expect((await take(ben, said)).outcome).toBe("200");
      await put(ben, said);
      expect((await put(ben, said)).data).toMatchObject({ count: 1, me: true });
      const changes = (await ann.http("GET", `/rooms/${id}/changes?since_rev=${said.rev}`)).as(roomChanges);
      expect(changes.rev).toBe(said.rev + 1);
      expect(changes.messages).toMatchObject([{ id: said.id, reactions: [{ emoji: "👍", count: 1, me: false }] }]);
    });

    test("come over the socket as well", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const said = await say(ann, id);
      const socket = await ann.connect();
      expect((await socket.request("add_reaction", { message_id: said.id, emoji: "🎉" })).type).toBe("ack");
      expect(await seenBy(ann, said)).toEqual([{ emoji: "🎉", count: 1, me: true }]);
      expect((await socket.request("remove_reaction", { message_id: said.id, emoji: "🎉" })).type).toBe("ack");
      const refused = await socket.request("add_reaction", { message_id: said.id, emoji: "no" });
      expect(refused).toMatchObject({ type: "error", payload: { code: "VALIDATION_ERROR" } });
    });

    test("a heart with or without its selector is one kind, in the order in which kinds came", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const said = await say(ann, id);
      await put(ann, said, "❤");
      await put(ann, said, "🎉");
      await put(ben, said, "❤️");
      expect(await seenBy(ben, said)).toEqual([
        { emoji: "❤️", count: 2, me: true },
        { emoji: "🎉", count: 1, me: false },
      ]);
    });

    test("a message has at most twenty kinds, each open to everybody", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const said = await say(ann, id);
      const kinds = [..."😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰😗😙🥲😚🙂"];
      for (const kind of kinds) expect((await put(ann, said, kind)).outcome).toBe("200");
      expect((await put(ben, said, "🤗")).outcome).toBe("409 CONFLICT");
      expect((await put(ben, said, "🙂")).outcome).toBe("200");
    });

    test("of many people at once are counted exactly", async () => {
      const { ann, ...others } = await cast(server, "ann", "ben", "cas", "dan", "eve", "fay", "gus", "hal");
      const crowd = Object.values(others);
      const { id } = await makeRoom(ann, { members: crowd });
      const said = await say(ann, id);
      await Promise.all(crowd.flatMap((who) => ["👍", "🎉", "😀"].map((emoji) => put(who, said, emoji))));
      await Promise.all(crowd.slice(0, 3).map((who) => take(who, said)));
      const counts = (await seenBy(ann, said))?.map(({ emoji, count }) => `${emoji}${count}`).sort();
      expect(counts).toEqual(["👍4", "🎉7", "😀7"].sort());
      const who = (await ann.http("GET", `/messages/${said.id}/reactions`)).as(
        z.array(z.object({ emoji: z.string(), users: z.array(userRef) })),
      );
      expect(who.find(({ emoji }) => emoji === "👍")?.users).toHaveLength(4);
    });

    test("are refused to strangers, to who has left, to the muted; and to what is no message of theirs", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const hidden = await makeRoom(ann, { type: "private", members: [ben] });
      const open = await makeRoom(ann);
      const [secret, shown] = [await say(ann, hidden.id), await say(ann, open.id)];
      expect((await put(cas, secret)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await put(cas, { id: "nothing" })).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await put(cas, shown)).outcome).toBe("403 FORBIDDEN");
      await ann.http("DELETE", `/rooms/${hidden.id}/members/${ben.id}`);
      expect((await put(ben, secret)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      for (const emoji of ["hello", "a", "1", "👍👍", "<b>"]) {
        expect((await put(ann, shown, emoji)).outcome).toBe("422 VALIDATION_ERROR");
      }
      expect(await seenBy(ann, secret)).toEqual([]);
    });

    test("are refused to the muted, whose own stay", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const said = await say(ann, id);
      await put(ben, said);
      const muted = { muted_until: new Date(Date.now() + 60_000).toISOString() };
      expect((await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, muted)).outcome).toBe("200");
      expect((await put(ben, said, "🎉")).outcome).toBe("403 MUTED");
      expect((await take(ben, said)).outcome).toBe("403 MUTED");
      expect(await seenBy(ben, said)).toEqual([{ emoji: "👍", count: 1, me: true }]);
    });

    test("go with what is deleted or recalled, and none come to it any more", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const [deleted, recalled] = [await say(ann, id), await say(ann, id)];
      for (const each of [deleted, recalled]) await put(ben, each);
      expect((await ann.http("DELETE", `/messages/${deleted.id}`)).outcome).toBe("200");
      expect((await ann.http("PUT", `/messages/${recalled.id}/recall`)).outcome).toBe("200");
      for (const each of [deleted, recalled]) {
        expect(await seenBy(ben, each)).toEqual([]);
        expect((await ann.http("GET", `/messages/${each.id}/reactions`)).data).toEqual([]);
        expect((await put(ben, each)).outcome).toBe("409 CONFLICT");
        expect((await take(ben, each)).outcome).toBe("409 CONFLICT");
      }
    });

    test("are refused between two of whom one has blocked the other, and so are pins", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const said = (await ann.http("POST", `/direct-messages/${ben.id}`, { content: "hi" })).as(message);
      expect((await put(ben, said)).outcome).toBe("200");
      expect((await ben.http("PUT", `/rooms/${said.room_id}/pins/${said.id}`)).outcome).toBe("200");
      await ann.http("PUT", `/blocks/${ben.id}`);
      expect((await put(ben, said, "🎉")).outcome).toBe("403 BLOCKED");
      expect((await ben.http("DELETE", `/rooms/${said.room_id}/pins/${said.id}`)).outcome).toBe("403 BLOCKED");
    });

    test("are marked as one's own wherever the message is shown", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      const said = await say(ann, id);
      await put(ben, said);
      await ann.http("PUT", `/rooms/${id}/pins/${said.id}`);
      for (const [who, me] of [
        [ben, true],
        [cas, false],
      ] as const) {
        const reactions = [{ emoji: "👍", count: 1, me }];
        const rooms = (await who.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
        expect(rooms.find((room) => room.id === id)?.last_message).toMatchObject({ reactions });
        const socket = await who.connect();
        const ready = socket.frames.find(({ type }) => type === "ready");
        expect(JSON.stringify(ready)).toContain(`"reactions":${JSON.stringify(reactions)}`);
        const changes = (await who.http("GET", `/rooms/${id}/changes?since_rev=${said.rev}`)).as(roomChanges);
        expect(changes.messages).toMatchObject([{ reactions }]);
        expect(changes.pins).toMatchObject([{ reactions }]);
        const { epoch } = (socket.frames[0]?.payload ?? {}) as { epoch?: string };
        socket.send({ type: "sync", payload: { epoch, rooms: [{ room_id: id, rev: said.rev }] } });
        expect((await socket.next("sync_batch")).payload).toMatchObject({ messages: [{ reactions }] });
      }
    });

    test("of a thousand people are counted exactly", async () => {
      const { ann } = await cast(server, "ann");
      const lobby = (await ann.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom)).find((room) => room.is_lobby);
      const said = await say(ann, lobby?.id ?? "");
      const actors = await crowdOf(server, ann, 1_000);
      // More at once than there are connections, fewer than would wait for too long on a slow machine.
      const all = async (added: boolean, who: readonly Actor[]) => {
        for (let at = 0; at < who.length; at += 100) {
          const part = who.slice(at, at + 100);
          await Promise.all(
            part.map((actor) => react(server.context, actor, { message_id: said.id, emoji: "🎉", added })),
          );
        }
      };
      await all(true, actors);
      expect(await seenBy(ann, said)).toEqual([{ emoji: "🎉", count: 1_000, me: false }]);
      await all(false, actors.slice(0, 100));
      expect(await seenBy(ann, said)).toEqual([{ emoji: "🎉", count: 900, me: false }]);
    }, 120_000);

    test("of the blocked are not counted for the blocker", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(cas, { members: [ann, ben] });
      const said = await say(cas, id);
      await put(ben, said);
      await put(ben, said, "🎉");
      await put(ann, said);
      await ann.http("PUT", `/blocks/${ben.id}`);
      expect(await seenBy(ann, said)).toEqual([{ emoji: "👍", count: 1, me: true }]);
      expect(await seenBy(cas, said)).toHaveLength(2);
      const who = await ann.http("GET", `/messages/${said.id}/reactions`);
      expect(JSON.stringify(who.data)).not.toContain(ben.id);
    });
  });

  describe("pins", () => {
    const pin = (who: Person, { id, room_id }: Pick<Message, "id" | "room_id">, method: "PUT" | "DELETE" = "PUT") =>
      who.http(method, `/rooms/${room_id}/pins/${id}`);
    const pinned = async (who: Person, roomId: string) =>
      (await who.http("GET", `/rooms/${roomId}/pins`)).as(z.array(timelineMessage)).map(({ id }) => id);

    test("are put up and taken away by those who run the room, for all to see", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { type: "private", members: [ben] });
      const [first, second] = [await say(ben, id, "one"), await say(ben, id, "two")];
      const socket = await ben.connect();
      expect((await pin(ben, first)).outcome).toBe("403 FORBIDDEN");
      expect((await pin(ann, first)).outcome).toBe("200");
      const { payload } = await socket.next("pin_changed");
      expect(payload).toMatchObject({ room_id: id, message_id: first.id, is_pinned: true, rev: second.rev + 1 });
      expect((await pin(ann, first)).outcome).toBe("200");
      await pin(ann, second);
      expect((await pinned(ben, id)).toSorted()).toEqual([first.id, second.id].toSorted());
      const changes = (await ben.http("GET", `/rooms/${id}/changes?since_rev=${second.rev}`)).as(roomChanges);
      expect(changes.rev).toBe(second.rev + 2);
      expect(changes.pins).toHaveLength(2);
      expect((await pin(ann, first, "DELETE")).outcome).toBe("200");
      expect(await pinned(ben, id)).toEqual([second.id]);
      expect((await pin(ann, first, "DELETE")).outcome).toBe("200");
    });

    test("are refused to strangers, and of what is no message there", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { type: "private" });
      const other = await makeRoom(ann);
      const elsewhere = await say(ann, other.id);
      expect((await pin(ann, { id: elsewhere.id, room_id: room.id })).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await ben.http("GET", `/rooms/${room.id}/pins`)).outcome).toBe("404 ROOM_NOT_FOUND");
      expect((await pin(ben, elsewhere)).outcome).toBe("403 FORBIDDEN");
      await ben.http("POST", `/rooms/${other.id}/join`);
      const lines = (await ann.http("GET", `/rooms/${other.id}/messages`)).as(z.array(timelineMessage));
      const line = lines.find((each) => "type" in each && each.type === "system");
      expect((await pin(ann, { id: line?.id ?? "", room_id: other.id })).outcome).toBe("409 CONFLICT");
    });

    test("go with what is deleted or recalled, which takes a number of the room", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const [first, second, third] = [await say(ann, id, "1"), await say(ann, id, "2"), await say(ann, id, "3")];
      for (const each of [first, second, third]) await pin(ann, each);
      expect(await pinned(ben, id)).toEqual([third.id, second.id, first.id]);
      await ann.http("DELETE", `/messages/${first.id}`);
      await ann.http("PUT", `/messages/${second.id}/recall`);
      expect(await pinned(ben, id)).toEqual([third.id]);
      const changes = (await ben.http("GET", `/rooms/${id}/changes?since_rev=${third.rev + 3}`)).as(roomChanges);
      expect(changes.pins?.map((each) => each.id)).toEqual([third.id]);
      expect((await pin(ann, first)).outcome).toBe("409 CONFLICT");
    });

    test("belong to both in a room of two, and in the lobby to those who keep order", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const moderator = await official(server, "moderator");
      const said = (await ann.http("POST", `/direct-messages/${ben.id}`, { content: "hi" })).as(message);
      expect((await pin(ben, said)).outcome).toBe("200");
      expect((await pin(ann, said, "DELETE")).outcome).toBe("200");
      expect((await pin(moderator, said)).outcome).toBe("404 ROOM_NOT_FOUND");
      const rooms = (await ann.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
      const inLobby = await say(ann, rooms.find((room) => room.is_lobby)?.id ?? "");
      expect((await pin(ann, inLobby)).outcome).toBe("403 FORBIDDEN");
      expect((await pin(moderator, inLobby)).outcome).toBe("200");
      expect((await pin(moderator, inLobby, "DELETE")).outcome).toBe("200");
    });

    test("are shown to guests of a public room, as stubs to whom the message is hidden, and not where it was emptied", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const said = await say(ann, id);
      await pin(ann, said);
      const guest = await request(server, "GET", `/rooms/${id}/pins`);
      expect(guest.data).toMatchObject([{ id: said.id, content: "react to me", pinned_by: { id: ann.id } }]);
      await ben.http("PUT", `/blocks/${ann.id}`);
      const [stub] = (await ben.http("GET", `/rooms/${id}/pins`)).as(z.array(z.looseObject({})));
      expect(stub).toMatchObject({ id: said.id, is_hidden: true, pinned_by: { id: ann.id } });
      expect(stub).not.toHaveProperty("content");
      expect((await ann.http("PUT", `/rooms/${id}/pins/a%00b`)).outcome).toBe("404 MESSAGE_NOT_FOUND");
    });

    test("are fifty at the most", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      for (let number = 0; number < 50; number++) expect((await pin(ann, await say(ann, id))).outcome).toBe("200");
      const last = await say(ann, id);
      expect((await pin(ann, last)).outcome).toBe("409 CONFLICT");
      expect(await pinned(ann, id)).toHaveLength(50);
    });
  });
});
