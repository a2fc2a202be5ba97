import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import {
  friendRequest,
  joinedRoom,
  message,
  roomChanges,
  searchHit,
  timelineMessage,
  user,
  userRef,
} from "../../src/protocol/models.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";
import { cast, makeRoom, membersOf, outcomes } from "./rooms-cast.ts";

const put = (by: Person, whom: Person) => by.http("PUT", `/blocks/${whom.id}`);
const lift = (by: Person, whom: Person) => by.http("DELETE", `/blocks/${whom.id}`);

async function say(by: Person, roomId: string, content: string) {
  return (await by.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
}

async function timeline(viewer: Person, roomId: string) {
  return (await viewer.http("GET", `/rooms/${roomId}/messages?limit=100`)).as(z.array(timelineMessage));
}

async function roomOf(viewer: Person, roomId: string) {
  const rooms = (await viewer.http("GET", "/rooms?type=joined&per_page=100")).as(z.array(joinedRoom));
  const room = rooms.find(({ id }) => id === roomId);
  if (!room) throw new Error("not in the room");
  return room;
}

const stubOf = ({ id, room_id, seq, rev }: { id: string; room_id: string; seq: number; rev: number }) => ({
  id,
  room_id,
  seq,
  rev,
  is_hidden: true,
});

/** What a socket was sent of a room's timeline, as it came. */
function live(socket: TestSocket, roomId: string): unknown[] {
  return socket.frames.flatMap(({ type, payload }) =>
    type === "new_message" && payload.room_id === roomId ? [payload] : [],
  );
}

/** Everything in the timeline but system lines: contents, or `-` for what is hidden. */
const words = (messages: readonly unknown[]) =>
  z
    .array(timelineMessage)
    .parse(messages)
    .flatMap((each) => ("is_hidden" in each ? ["-"] : each.type === "system" ? [] : [each.content]));

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  describe("a block", () => {
    test("may be made and ended again and again, and stands on one's own list alone", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const [phone, other] = [await ann.connect(), await ben.connect()];
      for (let round = 0; round < 2; round++) expect((await put(ann, ben)).outcome).toBe("200");
      const listed = await ann.http("GET", "/blocks");
      expect(listed.as(z.array(userRef)).map(({ id }) => id)).toEqual([ben.id]);
      expect(listed.meta).toEqual({ page: 1, per_page: 50, total: 1, has_more: false });
      expect((await ben.http("GET", "/blocks")).data).toEqual([]);
      expect((await phone.next("relationship_changed")).payload).toMatchObject({ blocked: true, user: { id: ben.id } });
      const desk = await ann.connect();
      expect(desk.frames.find(({ type }) => type === "ready")?.payload).toMatchObject({ blocks: [{ id: ben.id }] });
      for (let round = 0; round < 2; round++) expect((await lift(ann, ben)).outcome).toBe("200");
      expect((await ann.http("GET", "/blocks")).data).toEqual([]);
      expect((await phone.next("relationship_changed")).payload).toMatchObject({ blocked: false });
      await Promise.all([phone.fence(), other.fence()]);
      expect(phone.seen("relationship_changed")).toHaveLength(2);
      // The blocked is told nothing at all.
      expect(other.seen("relationship_changed")).toEqual([]);
    });

    test("of oneself is not valid, of nobody not found", async () => {
      const { ann } = await cast(server, "ann");
      for (const change of [put, lift]) {
        expect((await change(ann, ann)).outcome).toBe("422 VALIDATION_ERROR");
      }
      for (const method of ["PUT", "DELETE"]) {
        expect((await ann.http(method, "/blocks/nonsense")).outcome).toBe("404 USER_NOT_FOUND");
        expect((await ann.http(method, `/blocks/${Bun.randomUUIDv7()}`)).outcome).toBe("404 USER_NOT_FOUND");
      }
    });

    test("ends the friendship and requests either way; the blocked learns no more than that", async () => {
      const { ann, ben, cleo, dora } = await cast(server, "ann", "ben", "cleo", "dora");
      await ann.http("POST", "/friends/requests", { user_id: ben.id });
      await ben.http("POST", "/friends/requests", { user_id: ann.id });
      await ann.http("POST", "/friends/requests", { user_id: cleo.id });
      await dora.http("POST", "/friends/requests", { user_id: ann.id });
      const sockets = await Promise.all([ben, cleo, dora].map((person) => person.connect()));
      for (const person of [ben, cleo, dora]) await put(ann, person);
      for (const socket of sockets) {
        const { payload } = await socket.next("relationship_changed");
        expect(payload).toMatchObject({ user: { id: ann.id }, friend: false, request: null, blocked: false });
      }
      expect((await ann.http("GET", "/friends")).as(z.array(user))).toEqual([]);
      for (const direction of ["incoming", "outgoing"]) {
        const left = (await ann.http("GET", `/friends/requests?direction=${direction}`)).as(z.array(friendRequest));
        expect(left).toEqual([]);
      }
    });

    test("refuses friend requests both ways, until it ends", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      await put(ann, ben);
      const ask = async (from: Person, to: Person) =>
        (await from.http("POST", "/friends/requests", { user_id: to.id })).outcome;
      expect(await ask(ann, ben)).toBe("403 BLOCKED");
      expect(await ask(ben, ann)).toBe("403 BLOCKED");
      await lift(ann, ben);
      expect(await ask(ben, ann)).toBe("201");
    });

    test("races a request: never both", async () => {
      for (let round = 0; round < 8; round++) {
        const { ann, ben } = await cast(server, "ann", "ben");
        const [blocked] = await Promise.all([
          put(ann, ben),
          ben.http("POST", "/friends/requests", { user_id: ann.id }),
          put(ann, ben),
        ]);
        expect(blocked.outcome).toBe("200");
        expect((await ann.http("GET", "/friends/requests")).data).toEqual([]);
        expect((await ben.http("GET", "/friends/requests?direction=outgoing")).data).toEqual([]);
        expect((await ann.http("GET", "/blocks")).as(z.array(userRef))).toHaveLength(1);
      }
    });

    test("races an acceptance: never blocked friends", async () => {
      for (let round = 0; round < 8; round++) {
        const { ann, ben } = await cast(server, "ann", "ben");
        const asked = await ben.http("POST", "/friends/requests", { user_id: ann.id });
        const { id } = asked.as(friendRequest);
        const answers = await Promise.all([put(ben, ann), ann.http("POST", `/friends/requests/${id}/accept`)]);
        expect(outcomes(answers)[0]).toBe("200");
        expect((await ann.http("GET", "/friends")).data).toEqual([]);
        expect((await ben.http("GET", "/friends")).data).toEqual([]);
      }
    });

    test("keeps either from adding the other to a room, at its making and later", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await put(ann, ben);
      for (const [by, whom] of [
        [ann, ben],
        [ben, ann],
      ] as const) {
        const made = await makeRoom(by, { members: [whom, cleo] });
        expect(made.skipped).toEqual([whom.id]);
        expect((await membersOf(by, made.id)).map(({ user_id }) => user_id)).not.toContain(whom.id);
        const added = await by.http("POST", `/rooms/${made.id}/members`, { user_ids: [whom.id] });
        expect(added.data).toMatchObject({ added: [], skipped: [whom.id] });
      }
    });
  });

  describe("in a room, of what the blocked write the blocker", () => {
    test("gets stubs live, in history, changes and sync, the same everywhere; all others see it", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id, rev } = await makeRoom(ann, { members: [ben, cleo] });
      await say(ben, id, "before");
      await put(ann, ben);
      const [anns, bens, cleos] = [await ann.connect(), await ben.connect(), await cleo.connect()];
      const theirs = await say(ben, id, "from the blocked");
      await say(ann, id, "from the blocker");
      await say(cleo, id, "from a third");
      const last = (socket: TestSocket) => socket.next("new_message", ({ content }) => content === "from a third");
      await Promise.all([last(anns), last(bens), last(cleos)]);
      const all = ["before", "from the blocked", "from the blocker", "from a third"];
      const some = ["-", "-", "from the blocker", "from a third"];
      expect(words(await timeline(ann, id))).toEqual(some);
      expect(words(await timeline(ben, id))).toEqual(all);
      expect(words(await timeline(cleo, id))).toEqual(all);
      expect(words(live(anns, id))).toEqual(some.slice(1));
      expect(words(live(bens, id))).toEqual(all.slice(1));
      expect(live(anns, id)[0]).toEqual(stubOf(theirs));
      const changes = (await ann.http("GET", `/rooms/${id}/changes?since_rev=${rev}`)).as(roomChanges);
      expect(words(changes.messages)).toEqual(some);
      const epoch = z.object({ epoch: z.string() }).parse(anns.frames[0]?.payload).epoch;
      await anns.request("sync", { epoch, rooms: [{ room_id: id, rev }] });
      const batch = anns.frames.find(({ type }) => type === "sync_batch");
      expect(batch?.payload).toMatchObject({ messages: changes.messages });
      expect(await timeline(ann, id)).toEqual(expect.arrayContaining(changes.messages));
    });

    test("gets it at once or no longer, when the block is made and ended on another device", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const socket = await ann.connect();
      for (let round = 0; round < 5; round++) {
        await put(ann, ben);
        await say(ben, id, `hidden ${round}`);
        await lift(ann, ben);
        await say(ben, id, `seen ${round}`);
        await socket.next("new_message", ({ content }) => content === `seen ${round}`);
      }
      expect(words(live(socket, id))).toEqual(Array.from({ length: 5 }, (_, round) => ["-", `seen ${round}`]).flat());
      expect(JSON.stringify(socket.frames)).not.toContain("hidden 0");
    });

    test("sees system lines, and nothing in unread counts, the last message and search", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id } = await makeRoom(ann, { members: [ben] });
      await put(ann, ben);
      await cleo.http("POST", `/rooms/${id}/join`);
      await say(cleo, id, "walnut one");
      await say(ben, id, "walnut two");
      await say(ben, id, "walnut three");
      const room = await roomOf(ann, id);
      expect(room.unread_count).toBe(1);
      expect(room.last_message).toMatchObject({ is_hidden: true, seq: room.last_seq });
      expect((await roomOf(cleo, id)).unread_count).toBe(2);
      const socket = await ann.connect();
      const ready = z
        .object({ rooms: z.array(joinedRoom) })
        .parse(socket.frames.find(({ type }) => type === "ready")?.payload);
      expect(ready.rooms.find((each) => each.id === id)).toEqual(room);
      await catchUp(server.context);
      for (const path of [`/rooms/${id}/messages/search`, "/messages/search"]) {
        const search = async (by: Person) =>
          (await by.http("GET", `${path}?q=walnut`)).as(z.array(searchHit)).map(({ content }) => content);
        expect(await search(ann)).toEqual(["walnut one"]);
        expect(await search(cleo)).toEqual(["walnut three", "walnut two", "walnut one"]);
        await lift(ann, ben);
        expect(await search(ann)).toHaveLength(3);
        await put(ann, ben);
      }
      // Far behind, where the database counts instead of memory.
      for (let count = 0; count < 140; count++) await say(count % 7 === 0 ? cleo : ben, id, `${count}`);
      expect((await roomOf(ann, id)).unread_count).toBe(21);
    });

    test("is told nothing by the room that they are added to", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await put(ann, ben);
      const { id } = await makeRoom(cleo, { members: [ben], max_members: 5 });
      for (let count = 0; count < 3; count++) await say(ben, id, "not for Ann");
      const socket = await ann.connect();
      await cleo.http("POST", `/rooms/${id}/members`, { user_ids: [ann.id] });
      await socket.next("room_added");
      await socket.fence();
      expect(JSON.stringify(socket.frames)).not.toContain("not for Ann");
      expect(JSON.stringify(await timeline(ann, id))).not.toContain("not for Ann");
    });

    test("sees no reactions, quotations and pinned words; typing and receipts are unseen both ways", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id } = await makeRoom(ann, { members: [ben, cleo] });
      const hers = await say(ann, id, "from the blocker");
      const theirs = await say(ben, id, "not for Ann");
      await put(ann, ben);
      const [anns, bens, cleos] = [await ann.connect(), await ben.connect(), await cleo.connect()];
      const emoji = encodeURIComponent("👍");
      for (const who of [ben, cleo]) {
        expect((await who.http("PUT", `/messages/${hers.id}/reactions/${emoji}`)).outcome).toBe("200");
      }
      await cleo.http("POST", `/rooms/${id}/messages`, { content: "as he says", reply_to_id: theirs.id });
      expect((await ann.http("PUT", `/rooms/${id}/pins/${hers.id}`)).outcome).toBe("200");
      expect((await ann.http("PUT", `/rooms/${id}/pins/${theirs.id}`)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      for (const socket of [bens, anns]) {
        socket.send({ type: "typing", payload: { room_id: id, is_typing: true } });
        socket.send({ type: "mark_read", payload: { room_id: id, message_id: theirs.id } });
        await socket.fence();
      }
      const typing = [await cleos.next("user_typing"), await cleos.next("user_typing")];
      expect(typing.map(({ payload }) => payload.user.id)).toEqual([ben.id, ann.id]);
      await Promise.all([anns, bens, cleos].map((socket) => socket.fence()));
      const typists = (socket: TestSocket) => socket.seen("user_typing").map(({ user }) => user.id);
      expect(typists(anns)).not.toContain(ben.id);
      expect(typists(bens)).not.toContain(ann.id);
      const readers = (socket: TestSocket) => new Set(socket.seen("message_read").map(({ user_id }) => user_id));
      expect(readers(anns)).not.toContain(ben.id);
      expect(readers(bens)).not.toContain(ann.id);
      expect(anns.seen("reaction_changed").map(({ user_id, count }) => [user_id, count])).toEqual([[cleo.id, 1]]);
      expect(anns.seen("room_advanced")).toHaveLength(1);
      expect(bens.seen("reaction_changed")).toHaveLength(2);
      const cleosOwn = await say(cleo, id, "to be worded anew");
      expect((await ben.http("PUT", `/messages/${cleosOwn.id}/reactions/${emoji}`)).outcome).toBe("200");
      expect((await cleo.http("PATCH", `/messages/${cleosOwn.id}`, { content: "worded anew" })).outcome).toBe("200");
      await Promise.all([anns, bens].map((socket) => socket.fence()));
      expect(anns.seen("message_updated")).toMatchObject([{ content: "worded anew", reactions: [] }]);
      expect(bens.seen("message_updated")).toMatchObject([{ reactions: [{ emoji: "👍", count: 1 }] }]);
      const quoting = anns.seen("new_message").find((each) => "content" in each && each.content === "as he says");
      expect(quoting?.reply_to).toBeNull();
      const [first, , answer] = (await timeline(ann, id)).filter((each) => !("type" in each) || each.type !== "system");
      expect(first).toMatchObject({ reactions: [{ emoji: "👍", count: 1, me: false }] });
      expect(answer).toMatchObject({ reply_to: null });
      expect((await timeline(ben, id)).at(-2)).toMatchObject({ reply_to: { id: theirs.id } });
      const told = JSON.stringify([
        anns.frames,
        await timeline(ann, id),
        (await ann.http("GET", `/rooms/${id}/pins`)).data,
      ]);
      expect(told).not.toContain("not for Ann");
    });

    test("misses no number while the blocked and a third flood the room and the block comes and goes", async () => {
      const { ann, ben, cleo, dora } = await cast(server, "ann", "ben", "cleo", "dora");
      const others = await cast(server, "emil", "fay", "gil");
      const { id } = await makeRoom(ann, { members: [ben, cleo, dora, ...Object.values(others)] });
      const readers = await Promise.all([ann, ann, dora, ...Object.values(others)].map((person) => person.connect()));
      const writers = await Promise.all([ben.connect(), cleo.connect()]);
      const each = 150;
      const flood = writers.map(async (socket) => {
        for (let at = 0; at < each; at += 10) {
          await Promise.all(
            Array.from({ length: 10 }, (_, index) =>
              socket.request("send_message", {
                room_id: id,
                content: `word ${at + index}`,
                temp_id: Bun.randomUUIDv7(),
              }),
            ),
          );
        }
      });
      const toggle = async () => {
        for (let round = 0; round < 6; round++) await (round % 2 === 0 ? put(ann, ben) : lift(ann, ben));
        await put(ann, ben);
      };
      await Promise.all([...flood, toggle()]);
      const closing = await say(dora, id, "the end");
      for (const socket of readers) await socket.next("new_message", ({ seq }) => seq === closing.seq);
      for (const socket of readers) {
        const seqs = z.array(z.object({ seq: z.number(), rev: z.number() })).parse(live(socket, id));
        const first = seqs[0]?.seq ?? 0;
        expect(seqs.map(({ seq }) => seq)).toEqual(seqs.map((_, index) => first + index));
        expect(seqs.at(-1)).toEqual({ seq: closing.seq, rev: closing.rev });
        expect(seqs.length).toBe(2 * each + 1);
      }
      const history = [];
      for (let before = ""; ; before = `&before=${history[0]?.id}`) {
        const page = await ann.http("GET", `/rooms/${id}/messages?limit=100${before}`);
        history.unshift(...page.as(z.array(timelineMessage)));
        if (page.meta["has_more"] !== true) break;
      }
      const shown = history.flatMap((each) => ("sender" in each && each.type !== "system" ? [each.sender.id] : []));
      expect(new Set(shown)).toEqual(new Set([cleo.id, dora.id]));
      expect(shown).toHaveLength(each + 1);
    }, 60_000);
  });
});
