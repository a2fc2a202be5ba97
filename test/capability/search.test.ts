import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq, inArray } from "drizzle-orm";
import { z } from "zod";
import { message, searchHit, type Message, type SearchHit } from "../../src/protocol/models.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { purgeDeletedRooms } from "../../src/server/rooms/purge.ts";
import { noteChanged } from "../../src/server/timeline/changed.ts";
import { ManualClock } from "../support/clock.ts";
import { until } from "../support/deferred.ts";
import { forEachDialect } from "../support/dialects.ts";
import { request, type Answer, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, lobbyOf, makeRoom } from "./rooms-cast.ts";

const hits = z.array(searchHit);

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  async function say(person: Person, roomId: string, content: string): Promise<Message> {
    return (await person.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
  }

  const pathOf = (roomId: string | null, query: Record<string, string>) =>
    `${roomId === null ? "" : `/rooms/${roomId}`}/messages/search?${new URLSearchParams(query)}`;

  function ask(person: Person, roomId: string | null, query: Record<string, string>): Promise<Answer> {
    return person.http("GET", pathOf(roomId, query));
  }

  /** Contents that a search gives once everything sent is indexed. */
  async function found(person: Person, roomId: string | null, q: string, more: Record<string, string> = {}) {
    await catchUp(server.context);
    return (await ask(person, roomId, { q, ...more })).as(hits).map(({ content }) => content);
  }

  const marked = ({ highlight }: SearchHit) => highlight.filter(({ is_match }) => is_match).map(({ text }) => text);

  describe("finding", () => {
    test("a message is found soon after it was sent, in its room and among all of one's rooms", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const sent = await say(ann, id, "我喜歡牛肉麵，老地方見");
      for (const roomId of [id, null]) {
        const [hit] = await until(async () => {
          const page = (await ask(ben, roomId, { q: "牛肉" })).as(hits);
          return page.length > 0 && page;
        }, "the message is found");
        if (!hit) throw new Error("nothing was found");
        const { highlight, ...rest } = hit;
        expect(rest).toEqual({ ...sent, status: undefined });
        expect(highlight.map(({ text }) => text).join("")).toBe(sent.content);
        expect(marked(hit)).toEqual(["牛肉"]);
      }
    });

    test("case, width and accents make no difference; the last word may be its beginning", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const content = "Ｈｅｌｌｏ from the CAFÉ, Straße 12, ｶﾞﾝﾀﾞﾑ";
      await say(ann, id, content);
      for (const q of ["hello", "HELLO cafe", "strasse", "Caf", "ガンダム", "ｶﾞﾝ", "12", "ｈｅｌ", "ＦＲＯＭ"]) {
        expect([q, await found(ann, id, q)]).toEqual([q, [content]]);
      }
      for (const q of ["hell cafe", "strass!", "カンタム", "hello world", "13"]) {
        expect([q, await found(ann, id, q)]).toEqual([q, []]);
      }
    });

    test("of Chinese any part is found, one character too, and only what stands side by side", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      await say(ann, id, "肉麵不是牛肉");
      await say(ann, id, "我喜歡牛肉麵");
      expect(await found(ann, id, "牛肉麵")).toEqual(["我喜歡牛肉麵"]);
      expect(await found(ann, id, "牛肉")).toEqual(["我喜歡牛肉麵", "肉麵不是牛肉"]);
      expect(await found(ann, id, "歡")).toEqual(["我喜歡牛肉麵"]);
      expect(await found(ann, id, "喜歡 麵")).toEqual(["我喜歡牛肉麵"]);
      expect(await found(ann, id, "羊肉")).toEqual([]);
    });

    test("system lines are not found", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { name: "Observatory", members: [ben] });
      await ann.http("PATCH", `/rooms/${id}`, { name: "Planetarium" });
      expect(await found(ann, id, "planetarium")).toEqual([]);
      expect(await found(ann, id, "member_added")).toEqual([]);
    });

    test("what is typed is text: no operator of any query language is obeyed", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      await say(ann, id, "salt and pepper");
      await say(ann, id, "only salt");
      const harmless = [
        '"', "'", "''", '"" OR ""', "salt OR sugar", "salt | sugar", "!pepper", "NOT pepper", "-pepper", "salt & !pepper",
        "tokens:salt", "{tokens}: salt", "^salt", "salt*", "sal*", "NEAR(salt pepper)", "(salt", "salt)", "salt <-> pepper",
        "salt:*", "'; DROP TABLE messages; --", "\\", "%", "_", "r:1", "u:1", `r:${1} OR r:2`, "a:0", "~", "sal~", "{", "[salt]", "\uFFFD", "$1", "?",
      ]; // prettier-ignore
      for (const q of harmless) {
        const answer = await ask(ann, id, { q });
        expect([q, answer.outcome === "200" || answer.outcome === "422 VALIDATION_ERROR"]).toEqual([q, true]);
      }
      expect(await found(ann, id, "salt OR sugar")).toEqual([]);
      expect(await found(ann, id, "-pepper")).toEqual(["salt and pepper"]);
      expect(await found(ann, id, "salt NOT pepper")).toEqual([]);
      expect(await found(ann, id, "sal*")).toEqual([]);
      expect(await found(ann, id, "u:1")).toEqual([]);
      expect((await ask(ann, id, { q: "salt" })).as(hits).length).toBe(2);
    });
  });

  describe("paging", () => {
    test("newest first by seq, page by page, without a gap or a double", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const socket = await ann.connect();
      await Promise.all(Array.from({ length: 130 }, (_, index) => socket.say(id, `walnut ${index} 核桃`)));
      socket.close();
      await catchUp(server.context);
      for (const roomId of [id, null]) {
        const seqs: number[] = [];
        const sizes: number[] = [];
        let before: string | undefined;
        for (;;) {
          const answer = await ask(ann, roomId, { q: "核桃", limit: "40", ...(before && { before }) });
          const page = answer.as(hits);
          seqs.push(...page.map(({ seq }) => seq));
          sizes.push(page.length);
          expect(answer.meta).toEqual({
            has_more: sizes.length < 4,
            oldest_id: page.at(-1)?.id ?? null,
            newest_id: page[0]?.id ?? null,
          });
          if (!answer.meta["has_more"]) break;
          before = String(answer.meta["oldest_id"]);
        }
        expect(sizes).toEqual([40, 40, 40, 10]);
        expect(seqs).toEqual(seqs.toSorted((a, b) => b - a));
        expect(new Set(seqs).size).toBe(130);
      }
    });

    test("a page is 50 by default and says whether there is more, also when it is just full", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const socket = await ann.connect();
      for (let count = 0; count < 50; count++) await socket.say(id, `pecan ${count}`);
      await catchUp(server.context);
      expect((await ask(ann, id, { q: "pecan" })).meta["has_more"]).toBe(false);
      await socket.say(id, "pecan at last");
      socket.close();
      await catchUp(server.context);
      const answer = await ask(ann, id, { q: "pecan" });
      expect(answer.as(hits).length).toBe(50);
      expect(answer.meta["has_more"]).toBe(true);
    });

    test("finds nothing: an empty page", async () => {
      const { ann } = await cast(server, "ann");
      const answer = await ask(ann, null, { q: "nobodysaidthis" });
      expect([answer.data, answer.meta]).toEqual([[], { has_more: false, oldest_id: null, newest_id: null }]);
    });
  });

  describe("filters", () => {
    test("by sender", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id } = await makeRoom(ann, { members: [ben] });
      await say(ann, id, "hazel one");
      await say(ben, id, "hazel two");
      expect(await found(ann, id, "hazel", { from: ben.id })).toEqual(["hazel two"]);
      expect(await found(ann, null, "hazel", { from: ann.id })).toEqual(["hazel one"]);
      expect(await found(ann, id, "hazel", { from: cleo.id })).toEqual([]);
      expect(await found(ann, id, "hazel", { from: Bun.randomUUIDv7() })).toEqual([]);
    });

    test("by messages: before and after one", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const ids = [];
      for (const number of [1, 2, 3, 4]) ids.push((await say(ann, id, `chestnut ${number}`)).id);
      const [, second = "", , fourth = ""] = ids;
      expect(await found(ann, id, "chestnut", { before: fourth, after: second })).toEqual(["chestnut 3"]);
      expect(await found(ann, null, "chestnut", { after: second })).toEqual(["chestnut 4", "chestnut 3"]);
      expect(await found(ann, id, "chestnut", { before: second, after: fourth })).toEqual([]);
    });

    test("by time: before a moment, from a moment or a day on", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const at = [
        "2025-03-01T10:00:00.000Z",
        "2025-03-02T00:00:00.000Z",
        "2025-03-02T23:59:59.999Z",
        "2025-03-04T12:00:00.000Z",
      ];
      const sent = [];
      for (const time of at) sent.push(await say(ann, id, `almond ${time.slice(8, 13)}`));
      const { messages } = server.context.db.tables;
      for (const [index, { id: messageId }] of sent.entries()) {
        const created_at = Date.parse(at[index] ?? "");
        await server.context.db.write((tx) =>
          tx.update(messages).set({ created_at }).where(eq(messages.id, messageId)),
        );
      }
      const search = (more: Record<string, string>) => found(ann, id, "almond", more);
      expect(await search({ before: "2025-03-02" })).toEqual(["almond 01T10"]);
      expect(await search({ after: "2025-03-02", before: "2025-03-03" })).toEqual(["almond 02T23", "almond 02T00"]);
      expect(await search({ after: "2025-03-02T00:00:00.001Z" })).toEqual(["almond 04T12", "almond 02T23"]);
      expect(await search({ before: "2025-03-02T09:00:00+09:00" })).toEqual(["almond 01T10"]);
      expect(await search({ after: "2026-01-01" })).toEqual([]);
    });
  });

  describe("who finds what", () => {
    test("a private room is to others as one that does not exist, also to who was in it and to guests", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id } = await makeRoom(ann, { type: "private", members: [ben] });
      await say(ann, id, "macadamia secret");
      expect(await found(ben, id, "macadamia")).toEqual(["macadamia secret"]);
      expect(await found(ben, null, "macadamia")).toEqual(["macadamia secret"]);
      const unknown = await ask(cleo, Bun.randomUUIDv7(), { q: "macadamia" });
      const bodyOf = ({ error }: Answer) => ({ ...error, request_id: "" });
      expect(unknown.outcome).toBe("404 ROOM_NOT_FOUND");
      expect(bodyOf(await ask(cleo, id, { q: "macadamia" }))).toEqual(bodyOf(unknown));
      expect(await found(cleo, null, "macadamia")).toEqual([]);
      expect((await request(server, "GET", pathOf(id, { q: "macadamia" }))).outcome).toBe("404 ROOM_NOT_FOUND");
      await ann.http("DELETE", `/rooms/${id}/members/${ben.id}`);
      expect((await ask(ben, id, { q: "macadamia" })).outcome).toBe("404 ROOM_NOT_FOUND");
      expect(await found(ben, null, "macadamia")).toEqual([]);
      expect((await ask(ann, "no-id", { q: "macadamia" })).outcome).toBe("404 ROOM_NOT_FOUND");
    });

    test("a public room is searched by all who may read it, but is among one's own only for members", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann);
      await say(ann, id, "pistachio open");
      expect(await found(ben, id, "pistachio")).toEqual(["pistachio open"]);
      expect(await found(ben, null, "pistachio")).toEqual([]);
      const guest = await request(server, "GET", pathOf(id, { q: "pistachio" }));
      expect(guest.as(hits).map(({ content }) => content)).toEqual(["pistachio open"]);
      await ben.http("POST", `/rooms/${id}/join`);
      expect(await found(ben, null, "pistachio")).toEqual(["pistachio open"]);
      await ben.http("POST", `/rooms/${id}/leave`);
      expect(await found(ben, null, "pistachio")).toEqual([]);
    });

    test("the lobby is among everybody's rooms", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      await say(ann, (await lobbyOf(ann)).id, "cashew for all");
      expect(await found(ben, null, "cashew")).toEqual(["cashew for all"]);
    });

    test("guests have no rooms of their own", async () => {
      expect((await request(server, "GET", pathOf(null, { q: "x" }))).outcome).toBe("401 UNAUTHENTICATED");
      expect((await request(server, "GET", "/messages/search")).outcome).toBe("401 UNAUTHENTICATED");
    });

    test("a message that one may not see is no place to go on from", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const hidden = await makeRoom(ann, { type: "private" });
      const own = await makeRoom(ben);
      const { id } = await say(ann, hidden.id, "brazil");
      for (const roomId of [own.id, null]) {
        for (const before of [id, Bun.randomUUIDv7()]) {
          expect((await ask(ben, roomId, { q: "brazil", before })).outcome).toBe("404 MESSAGE_NOT_FOUND");
        }
      }
    });

    test("a deleted room is found no more", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      await say(ann, id, "acorn");
      expect(await found(ben, null, "acorn")).toEqual(["acorn"]);
      await ann.http("DELETE", `/rooms/${id}`);
      expect(await found(ben, null, "acorn")).toEqual([]);
      expect((await ask(ben, id, { q: "acorn" })).outcome).toBe("404 ROOM_NOT_FOUND");
    });
  });

  test("a wrong query is refused and says why; unknown parameters are none of it", async () => {
    const { ann } = await cast(server, "ann");
    const { id } = await makeRoom(ann);
    const refusals: [Record<string, string>, string][] = [
      [{}, "q"],
      [{ q: "" }, "q"],
      [{ q: "   " }, "q"],
      [{ q: "?!" }, "q"],
      [{ q: "x".repeat(201) }, "q"],
      [{ q: "a\u0000b" }, "q"],
      [{ q: "x", from: "ann" }, "from"],
      [{ q: "x", before: "yesterday" }, "before"],
      [{ q: "x", after: "2025-13-01" }, "after"],
      [{ q: "x", limit: "0" }, "limit"],
      [{ q: "x", limit: "101" }, "limit"],
    ];
    for (const roomId of [id, null]) {
      for (const [query, field] of refusals) {
        const answer = await ask(ann, roomId, query);
        expect([query, answer.outcome]).toEqual([query, "422 VALIDATION_ERROR"]);
        expect(answer.error?.details).toEqual([{ field, message: expect.stringMatching(/\w/) }]);
      }
      expect((await ask(ann, roomId, { q: "x", colour: "blue" })).outcome).toBe("200");
    }
  });

  describe("what changes after it was sent", () => {
    test("is found by what it says now, and no more once it is emptied", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann);
      const { messages } = server.context.db.tables;
      const change = async (messageId: string, values: Partial<typeof messages.$inferInsert>) => {
        await server.context.db.write(async (tx) => {
          const rows = await tx.update(messages).set(values).where(eq(messages.id, messageId)).returning();
          await noteChanged(
            server.context,
            tx,
            rows.map(({ key }) => key),
          );
        });
      };
      const one = await say(ann, id, "quince 木瓜");
      const two = await say(ann, id, "quince jam");
      expect(await found(ann, id, "quince")).toEqual(["quince jam", "quince 木瓜"]);
      await change(one.id, { content: "medlar 枇杷", edited_at: Date.now() });
      // Before the index knows: a look at the message decides.
      expect((await ask(ann, id, { q: "木瓜" })).as(hits)).toEqual([]);
      expect(await found(ann, id, "quince")).toEqual(["quince jam"]);
      expect(await found(ann, id, "枇杷")).toEqual(["medlar 枇杷"]);
      await change(two.id, { content: "", deleted_at: Date.now() });
      expect(await found(ann, id, "quince")).toEqual([]);
      await change(one.id, { recalled_at: Date.now() });
      expect(await found(ann, id, "medlar")).toEqual([]);
      await change(one.id, { recalled_at: null });
      expect(await found(ann, id, "medlar")).toEqual(["medlar 枇杷"]);
    });
  });

  test("hits that lie far apart are all found, in every way of asking", async () => {
    const other = await startServer({ dialect });
    try {
      const { ann } = await cast(other, "ann");
      const { context } = other;
      const rooms = [await makeRoom(ann), await makeRoom(ann, { type: "private" })];
      const hidden = await makeRoom((await cast(other, "ben")).ben);
      const tables = context.db.tables;
      const stored = await context.db.read
        .select()
        .from(tables.rooms)
        .where(
          inArray(
            tables.rooms.id,
            [...rooms, hidden].map(({ id }) => id),
          ),
        );
      // Keys as after millions of messages, of which these are left.
      const keys = Array.from({ length: 150 }, (_, index) => Math.floor(1.09 ** index * 100) + index);
      const rows = keys.map((key, index) => {
        const room = stored[index % stored.length];
        if (!room) throw new Error("there is no room");
        const seq = room.last_seq + index + 1;
        return {
          key,
          seq,
          room_key: room.key,
          id: Bun.randomUUIDv7(),
          content: `sesame ${index % 3 ? "芝麻" : "x"}`,
          sent_rev: seq,
        };
      });
      await context.db.write(async (tx) => {
        await tx.delete(tables.messages);
        const common = { sender_key: 1, type: "text" as const, created_at: 1 };
        await tx.insert(tables.messages).values(rows.map((row) => ({ ...row, ...common })));
        for (const { key } of stored)
          await tx.update(tables.rooms).set({ last_seq: 500 }).where(eq(tables.rooms.key, key));
      });
      if (context.db.dialect === "postgres")
        await context.db.ask((sql) => sql`SELECT setval('messages_key_seq', ${keys.at(-1) ?? 1})`);
      await catchUp(context);
      const [first = rows[0], second] = rooms.map(({ id }) => stored.find((room) => room.id === id));
      for (const [roomId, roomKeys] of [
        [rooms[0]?.id ?? null, [first?.key]],
        [null, [first?.key, second?.key]],
      ] as const) {
        for (const [q, matches] of [
          ["sesame", () => true],
          ["芝麻", (content: string) => content.includes("芝麻")],
        ] as const) {
          const expected = rows
            .filter(({ room_key, content }) => roomKeys.includes(room_key) && matches(content))
            .reverse();
          const ids: string[] = [];
          let before: string | undefined;
          do {
            const answer = await ann.http("GET", pathOf(roomId, { q, limit: "17", ...(before && { before }) }));
            ids.push(...answer.as(hits).map(({ id }) => id));
            before = answer.meta["has_more"] ? String(answer.meta["oldest_id"]) : undefined;
          } while (before !== undefined);
          expect(ids).toEqual(expected.map(({ id }) => id));
        }
      }
    } finally {
      await other.stop();
    }
  });

  test("what a purge took away is forgotten, and who gets its key is found", async () => {
    const clock = new ManualClock(Date.now());
    const other = await startServer({ dialect, clock });
    try {
      const { context } = other;
      const { ann } = await cast(other, "ann");
      const kept = await makeRoom(ann);
      const gone = await makeRoom(ann);
      await say(ann, kept.id, "walrus stays");
      for (const number of [1, 2, 3]) await say(ann, gone.id, `narwhal ${number}`);
      await catchUp(context);
      await ann.http("DELETE", `/rooms/${gone.id}`);
      clock.jump(3_600_000);
      await purgeDeletedRooms(context);
      await say(ann, kept.id, "narwhal anew");
      await catchUp(context);
      await say(ann, kept.id, "narwhal and more");
      await catchUp(context);
      const page = (await ann.http("GET", pathOf(null, { q: "narwhal" }))).as(hits);
      expect(page.map(({ content }) => content)).toEqual(["narwhal and more", "narwhal anew"]);
      const left = await context.db.read.select().from(context.db.tables.search_changes);
      expect(left).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test("where guests are not let in, they search nothing", async () => {
    const closed = await startServer({ dialect, env: { GUESTS: "off" } });
    try {
      const { ann } = await cast(closed, "ann");
      const { id } = await makeRoom(ann);
      expect((await request(closed, "GET", pathOf(id, { q: "x" }))).outcome).toBe("401 UNAUTHENTICATED");
    } finally {
      await closed.stop();
    }
  });

  test("searching is limited, to a person and to an address", async () => {
    const limited = await startServer({ dialect, env: { RATE_LIMITS: "on" } });
    try {
      const { ann } = await cast(limited, "ann");
      const lobby = await lobbyOf(ann);
      const many = (send: () => Promise<Answer>) => Promise.all(Array.from({ length: 80 }, send));
      const mine = await many(() => ann.http("GET", pathOf(null, { q: "x" })));
      expect(new Set(mine.map(({ outcome }) => outcome))).toEqual(new Set(["200", "429 RATE_LIMITED"]));
      const guests = await many(() => request(limited, "GET", pathOf(lobby.id, { q: "x" })));
      expect(new Set(guests.map(({ outcome }) => outcome))).toEqual(new Set(["200", "429 RATE_LIMITED"]));
    } finally {
      await limited.stop();
    }
  });
});
