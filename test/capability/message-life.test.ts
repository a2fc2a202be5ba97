import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { message, messageVersion, type Message } from "../../src/protocol/models.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { people, request, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

// Long because it is the life of one message, whose ways all start from the same people and room.
const ids = z.object({ id: z.string() });
const messages = z.array(message);
const versions = z.array(messageVersion);
const unknownId = "01890000-0000-7000-8000-000000000000";

forEachDatabase((dialect) => {
  const clock = new ManualClock();
  let server: TestServer;
  let ann: Person;
  let ben: Person;
  let cleo: Person;
  let mod: Person;
  let roomId: string;

  beforeAll(async () => {
    server = await startServer({ dialect, clock });
    ({ ann, ben, cleo, mod } = await people(server, "ann", "ben", "cleo", "mod"));
    const { users } = server.context.db.tables;
    await server.context.db.write((tx) =>
      tx.update(users).set({ role: "moderator" }).where(eq(users.id, mod.id)).returning(),
    );
    server.context.publish.invalidate("people", mod.id);
    roomId = await room("home", "public", ben, cleo);
  });
  afterAll(() => server.stop());

  async function room(name: string, type: "public" | "private", ...members: Person[]): Promise<string> {
    const member_ids = members.map(({ id }) => id);
    return (await ann.http("POST", "/rooms", { name, type, member_ids })).as(ids).id;
  }
  async function say(person: Person, content: string, body: object = {}, where = roomId): Promise<Message> {
    // The limiter refills by a clock that stands still.
    clock.advance(1_000);
    return (await person.http("POST", `/rooms/${where}/messages`, { content, ...body })).as(message);
  }
  const edit = (person: Person, id: string, content: unknown) => person.http("PATCH", `/messages/${id}`, { content });
  const remove = (person: Person, id: string, whom?: "all" | "me") =>
    person.http("DELETE", `/messages/${id}${whom ? `?for=${whom}` : ""}`);
  const recall = (person: Person, id: string) => person.http("PUT", `/messages/${id}/recall`);
  const history = async (person: Person, where = roomId): Promise<Record<string, unknown>[]> =>
    (await person.http("GET", `/rooms/${where}/messages?limit=100`)).as(z.array(z.record(z.string(), z.unknown())));
  const shown = async (person: Person, id: string, where = roomId) =>
    (await history(person, where)).find((each) => each["id"] === id);
  const found = async (person: Person, q: string) => {
    clock.advance(1_000);
    const hits = await person.http("GET", `/rooms/${roomId}/messages/search?q=${encodeURIComponent(q)}`);
    return hits.as(z.array(ids)).map(({ id }) => id);
  };

  describe("editing", () => {
    test("changes the words for everybody, at a new rev, and says so", async () => {
      const sent = await say(ann, "helo");
      const socket = await ben.connect();
      clock.advance(5_000);
      const answer = await edit(ann, sent.id, "hello\r\nall");
      const edited = answer.as(message);
      expect(edited).toMatchObject({
        id: sent.id,
        seq: sent.seq,
        content: "hello\nall",
        is_edited: true,
        edited_at: new Date(clock.now()).toISOString(),
        created_at: sent.created_at,
      });
      expect(edited.rev).toBeGreaterThan(sent.rev);
      const { payload } = await socket.next("message_updated");
      const { status: _, ...forAll } = edited;
      expect(payload).toEqual(forAll);
      expect(await shown(ben, sent.id)).toEqual(forAll);
      socket.close();
    });

    test("works by PUT and by a frame", async () => {
      const sent = await say(ann, "one");
      expect((await ann.http("PUT", `/messages/${sent.id}`, { content: "two" })).as(message).content).toBe("two");
      const socket = await ann.connect();
      const answer = await socket.request("edit_message", { message_id: sent.id, content: "three" });
      expect(answer.type).toBe("ack");
      expect(await shown(ben, sent.id)).toMatchObject({ content: "three", is_edited: true });
      socket.close();
    });

    test("to the same words changes nothing", async () => {
      const sent = await say(ann, "as it is");
      const socket = await ben.connect();
      expect((await edit(ann, sent.id, "as it is")).as(message)).toMatchObject({ rev: sent.rev, is_edited: false });
      await socket.fence();
      expect(socket.seen("message_updated")).toEqual([]);
      socket.close();
    });

    test("keeps what it said before for those who keep order, and for them alone", async () => {
      const sent = await say(ben, "first");
      clock.advance(1_000);
      await edit(ben, sent.id, "second");
      const first = clock.now();
      clock.advance(1_000);
      await edit(ben, sent.id, "third");
      const path = `/messages/${sent.id}/versions`;
      const kept = (await ann.http("GET", path)).as(versions);
      expect(kept).toEqual([
        { content: "first", written_at: sent.created_at, replaced_at: new Date(first).toISOString() },
        {
          content: "second",
          written_at: new Date(first).toISOString(),
          replaced_at: new Date(clock.now()).toISOString(),
        },
      ]);
      expect((await mod.http("GET", path)).as(versions)).toEqual(kept);
      for (const person of [ben, cleo]) expect((await person.http("GET", path)).outcome).toBe("403 FORBIDDEN");
    });

    test("is followed by search and by the room's last message", async () => {
      const sent = await say(ann, "aardvark");
      await edit(ann, sent.id, "buffalo");
      const last = (await ben.http("GET", "/rooms?type=joined")).as(
        z.array(z.object({ id: z.string(), last_message: z.looseObject({ id: z.string() }).nullable() })),
      );
      expect(last.find(({ id }) => id === roomId)?.last_message).toMatchObject({ id: sent.id, content: "buffalo" });
      await until(async () => (await found(ben, "buffalo")).includes(sent.id));
      expect(await found(ben, "aardvark")).toEqual([]);
    });

    test("comes to those who were away", async () => {
      const sent = await say(ann, "before");
      const rev = sent.rev;
      await say(ann, "between");
      await edit(ann, sent.id, "after");
      const changes = (await ben.http("GET", `/rooms/${roomId}/changes?since_rev=${rev}`)).as(
        z.object({ messages: messages }),
      );
      expect(changes.messages.find(({ id }) => id === sent.id)).toMatchObject({ content: "after", is_edited: true });
    });

    test("a retry of the send gives the message as it is now", async () => {
      const sent = await say(ann, "to be sent", { temp_id: "edited since" });
      await edit(ann, sent.id, "was sent");
      const again = await ann.http("POST", `/rooms/${roomId}/messages`, {
        content: "to be sent",
        temp_id: "edited since",
      });
      expect(again.outcome).toBe("200");
      expect(again.as(message)).toMatchObject({ id: sent.id, content: "was sent" });
    });

    test("finds mentions anew, and tells only whom it names for the first time", async () => {
      const sent = await say(ann, "hello @ben");
      const edited = (await edit(ann, sent.id, "hello @ben and @cleo")).as(message);
      expect(edited.mentions.toSorted()).toEqual([ben.id, cleo.id].toSorted());
      expect((await edit(ann, sent.id, "hello")).as(message).mentions).toEqual([]);
    });

    test("is refused for others' messages, gone ones, lines of the system, and words that are none", async () => {
      const sent = await say(ben, "mine");
      for (const person of [ann, mod, cleo]) {
        expect((await edit(person, sent.id, "yours")).outcome).toBe("403 FORBIDDEN");
      }
      const [line] = (await history(ann)).filter((each) => each["type"] === "system");
      expect((await edit(ann, String(line?.["id"]), "x")).outcome).toBe("403 FORBIDDEN");
      expect((await edit(ben, sent.id, "  \n")).outcome).toBe("422 VALIDATION_ERROR");
      expect((await edit(ben, sent.id, "é".repeat(4_001))).outcome).toBe("422 MESSAGE_TOO_LONG");
      expect((await edit(ben, sent.id, 5)).outcome).toBe("422 VALIDATION_ERROR");
      expect((await edit(ben, unknownId, "x")).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await edit(ben, "nonsense", "x")).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect(await shown(ben, sent.id)).toMatchObject({ content: "mine", is_edited: false });
      await remove(ben, sent.id);
      expect((await edit(ben, sent.id, "again")).outcome).toBe("409 CONFLICT");
      const other = await say(ben, "taken back");
      await recall(ben, other.id);
      const socket = await ben.connect();
      expect((await socket.refused("edit_message", { message_id: other.id, content: "x" })).code).toBe("CONFLICT");
      socket.close();
    });

    test("is refused as sending is: to the muted, the banned, and who has left", async () => {
      const dora = (await people(server, `dora_${dialect}`))[`dora_${dialect}`] as Person;
      const open = await room("open", "public", dora);
      const closed = await room("closed", "private", dora);
      const [here, there] = [await say(dora, "here", {}, open), await say(dora, "there", {}, closed)];
      const until = new Date(clock.now() + 60_000).toISOString();
      await ann.http("PATCH", `/rooms/${open}/members/${dora.id}`, { muted_until: until });
      expect((await edit(dora, here.id, "x")).outcome).toBe("403 MUTED");
      expect((await recall(dora, here.id)).outcome).toBe("403 MUTED");
      await ann.http("DELETE", `/rooms/${open}/members/${dora.id}`);
      await ann.http("DELETE", `/rooms/${closed}/members/${dora.id}`);
      for (const change of [() => edit(dora, here.id, "x"), () => recall(dora, here.id), () => remove(dora, here.id)]) {
        expect((await change()).outcome).toBe("403 FORBIDDEN");
      }
      expect((await remove(dora, here.id, "me")).outcome).toBe("403 FORBIDDEN");
      for (const change of [() => edit(dora, there.id, "x"), () => recall(dora, there.id)]) {
        expect((await change()).outcome).toBe("404 MESSAGE_NOT_FOUND");
      }
      expect((await remove(dora, there.id)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await remove(dora, there.id, "me")).outcome).toBe("404 MESSAGE_NOT_FOUND");
      await ann.http("PUT", `/rooms/${open}/bans/${dora.id}`, { reason: "enough" });
      expect((await edit(dora, here.id, "x")).outcome).toBe("403 BANNED");
      expect(await shown(ann, here.id, open)).toMatchObject({ content: "here", is_deleted: false });
    });
  });

  describe("deleting for all", () => {
    const stored = async (id: string) => {
      const { messages: table, message_versions, search_changes: _ } = server.context.db.tables;
      const { db } = server.context;
      const [row] = await db.read.select().from(table).where(eq(table.id, id));
      const kept = await db.read
        .select()
        .from(message_versions)
        .where(eq(message_versions.message_key, row?.key ?? 0));
      return { row, kept };
    };

    test("empties the message for everybody, in the database too, with its former wordings, and keeps its place", async () => {
      const quoted = await say(ben, "quoted");
      const sent = await say(ann, "platypus @ben", { reply_to_id: quoted.id });
      await edit(ann, sent.id, "platypus, @ben and all");
      await ben.http("PUT", `/messages/${sent.id}/reactions/${encodeURIComponent("👍")}`);
      await ann.http("PUT", `/rooms/${roomId}/pins/${sent.id}`);
      const socket = await ben.connect();
      const answer = (await remove(ann, sent.id)).as(message);
      const empty = {
        id: sent.id,
        seq: sent.seq,
        content: "",
        is_deleted: true,
        is_recalled: false,
        files: [],
        reactions: [],
        mentions: [],
        reply_to: null,
      };
      expect(answer).toMatchObject(empty);
      const { payload } = await socket.next("message_deleted");
      expect(payload).toEqual({
        id: sent.id,
        room_id: roomId,
        seq: sent.seq,
        sender_id: ann.id,
        rev: answer.rev,
      });
      expect(await shown(ben, sent.id)).toMatchObject(empty);
      const { row, kept } = await stored(sent.id);
      expect({ content: row?.content, reply: row?.reply_to_id, mentions: row?.mentions, kept }).toEqual({
        content: "",
        reply: null,
        mentions: null,
        kept: [],
      });
      expect((await ben.http("GET", `/rooms/${roomId}/pins`)).as(z.array(ids))).toEqual([]);
      await until(async () => (await found(ben, "platypus")).length === 0);
      socket.close();
    });

    test("twice is harmless, and a recall afterwards is a conflict", async () => {
      const sent = await say(ann, "twice");
      const once = (await remove(ann, sent.id)).as(message);
      const socket = await ben.connect();
      expect((await remove(ann, sent.id, "all")).as(message)).toEqual(once);
      expect((await recall(ann, sent.id)).outcome).toBe("409 CONFLICT");
      await socket.fence();
      expect(socket.seen("message_deleted")).toEqual([]);
      socket.close();
    });

    test("is for one's own, and for those who run the room or keep order on the server", async () => {
      const [one, two, three] = [await say(ben, "one"), await say(ben, "two"), await say(ben, "three")];
      expect((await remove(cleo, one.id)).outcome).toBe("403 FORBIDDEN");
      const socket = await cleo.connect();
      expect((await socket.refused("delete_message", { message_id: one.id })).code).toBe("FORBIDDEN");
      socket.close();
      expect((await remove(ann, one.id)).as(message).is_deleted).toBe(true);
      expect((await remove(mod, two.id)).as(message).is_deleted).toBe(true);
      const own = await ben.connect();
      const answer = await own.request("delete_message", { message_id: three.id, for: "all" });
      expect(answer.type).toBe("ack");
      expect(await shown(ann, three.id)).toMatchObject({ is_deleted: true, content: "" });
      own.close();
    });

    test("is not for what one may not see, for lines of the system, nor in other words", async () => {
      const closed = await room("closed too", "private", ben);
      const sent = await say(ben, "inside", {}, closed);
      for (const person of [cleo, mod]) expect((await remove(person, sent.id)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await remove(ann, unknownId)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await remove(ann, "nonsense", "me")).outcome).toBe("404 MESSAGE_NOT_FOUND");
      const [line] = (await history(ann)).filter((each) => each["type"] === "system");
      expect((await remove(ann, String(line?.["id"]))).outcome).toBe("403 FORBIDDEN");
      expect((await ann.http("DELETE", `/messages/${sent.id}?for=them`)).outcome).toBe("422 VALIDATION_ERROR");
      expect(await shown(ann, sent.id, closed)).toMatchObject({ content: "inside" });
    });

    test("makes an unread message no longer one to read", async () => {
      const where = await room("counting", "private", ben);
      const sent = await say(ann, "one", {}, where);
      await say(ann, "two", {}, where);
      const unread = async () =>
        (await ben.http("GET", "/rooms?type=joined"))
          .as(z.array(z.object({ id: z.string(), unread_count: z.number() })))
          .find(({ id }) => id === where)?.unread_count;
      expect(await unread()).toBe(2);
      await remove(ann, sent.id);
      expect(await unread()).toBe(1);
    });
  });

  describe("deleting for oneself", () => {
    test("leaves a stub to oneself on all devices, and the message to everybody else", async () => {
      const sent = await say(ann, "only for some");
      const [mine, theirs] = [await (await ben.onAnotherDevice()).connect(), await cleo.connect()];
      const answer = await remove(ben, sent.id, "me");
      const stub = { id: sent.id, room_id: roomId, seq: sent.seq, rev: sent.rev, is_hidden: true as const };
      expect({ outcome: answer.outcome, data: answer.data }).toEqual({ outcome: "200", data: stub });
      const { payload } = await mine.next("message_hidden");
      expect(payload).toMatchObject({ room_id: roomId, message_id: sent.id, seq: sent.seq });
      await theirs.fence();
      expect(theirs.seen("message_hidden")).toEqual([]);
      expect(await shown(ben, sent.id)).toEqual(stub);
      expect(await shown(cleo, sent.id)).toMatchObject({ content: "only for some", is_deleted: false });
      expect(await shown(ann, sent.id)).toMatchObject({ content: "only for some" });
      mine.close();
      theirs.close();
    });

    test("by a frame; twice is harmless and told once", async () => {
      const sent = await say(ann, "by a frame");
      const socket = await ben.connect();
      for (let time = 0; time < 2; time++) {
        expect((await socket.request("delete_message", { message_id: sent.id, for: "me" })).type).toBe("ack");
      }
      expect((await remove(ben, sent.id, "me")).outcome).toBe("200");
      await socket.fence();
      expect(socket.seen("message_hidden").map(({ message_id }) => message_id)).toEqual([sent.id]);
      socket.close();
    });

    test("hides it from one's search, unread count, list of rooms and pins; one can neither quote nor edit it", async () => {
      const where = await room("hiding", "private", ben);
      const sent = await say(ann, "wombat", {}, where);
      await remove(ben, sent.id, "me");
      const mine = (await ben.http("GET", "/rooms?type=joined"))
        .as(z.array(z.looseObject({ id: z.string() })))
        .find(({ id }) => id === where);
      expect(mine).toMatchObject({ unread_count: 0, last_message: { id: sent.id, is_hidden: true }, hidden_count: 1 });
      const hits = await ben.http("GET", `/rooms/${where}/messages/search?q=wombat`);
      expect(hits.as(z.array(ids))).toEqual([]);
      const reply = await ben.http("POST", `/rooms/${where}/messages`, { content: "re", reply_to_id: sent.id });
      expect(reply.outcome).toBe("404 MESSAGE_NOT_FOUND");
      const own = await say(ben, "own", {}, where);
      await remove(ben, own.id, "me");
      expect((await edit(ben, own.id, "x")).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await recall(ben, own.id)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect((await remove(ben, own.id)).outcome).toBe("200");
      expect(await shown(ann, own.id, where)).toMatchObject({ is_deleted: true });
    });

    test("stays hidden from who leaves the room and comes back, and the room says so", async () => {
      const where = await room("revolving", "public", ben);
      const sent = await say(ann, "hidden before leaving", {}, where);
      await remove(ben, sent.id, "me");
      const device = await ben.connect();
      await ben.http("POST", `/rooms/${where}/leave`);
      await ben.http("POST", `/rooms/${where}/join`);
      const { payload } = await device.next("room_added");
      expect(payload.room).toMatchObject({ id: where, hidden_count: 1 });
      expect(await shown(ben, sent.id, where)).toMatchObject({ is_hidden: true });
      device.close();
    });

    test("comes to a device that was away by sync, though the room stands where it stood", async () => {
      const sent = await say(ann, "hidden while away");
      const device = await (await ben.onAnotherDevice()).connect();
      await remove(ben, sent.id, "me");
      const { epoch } = (await device.next("connected")).payload;
      const stub = { id: sent.id, room_id: roomId, seq: sent.seq, rev: sent.rev, is_hidden: true as const };
      for (const rev of [sent.rev, sent.rev - 1]) {
        device.send({ type: "sync", payload: { epoch, rooms: [{ room_id: roomId, rev }] } });
        const { payload } = await device.next("sync_batch");
        expect(payload.messages).toContainEqual(stub);
      }
      // Others get it as it is.
      const other = await cleo.connect();
      other.send({ type: "sync", payload: { epoch, rooms: [{ room_id: roomId, rev: sent.rev - 1 }] } });
      const { payload } = await other.next("sync_batch");
      expect(payload.messages).toContainEqual(expect.objectContaining({ id: sent.id, content: "hidden while away" }));
      device.close();
      other.close();
    });
  });

  describe("recalling", () => {
    test("takes a message back for everybody within two minutes", async () => {
      const sent = await say(ann, "oh no");
      clock.advance(120_000);
      const socket = await ben.connect();
      const answer = (await recall(ann, sent.id)).as(message);
      expect(answer).toMatchObject({ id: sent.id, content: "", is_recalled: true, is_deleted: false });
      const { payload } = await socket.next("message_recalled");
      expect(payload).toMatchObject({ id: sent.id, room_id: roomId, rev: answer.rev });
      expect(await shown(ben, sent.id)).toMatchObject({ content: "", is_recalled: true });
      clock.advance(120_000);
      expect((await recall(ann, sent.id)).as(message)).toEqual(answer);
      socket.close();
    });

    test("is refused later, of others' messages, and of lines of the system", async () => {
      const sent = await say(ben, "too late");
      expect((await recall(ann, sent.id)).outcome).toBe("403 FORBIDDEN");
      clock.advance(120_001);
      expect((await recall(ben, sent.id)).outcome).toBe("409 RECALL_WINDOW_PASSED");
      const socket = await ben.connect();
      expect((await socket.refused("recall_message", { message_id: sent.id })).code).toBe("RECALL_WINDOW_PASSED");
      const next = await say(ben, "in time");
      expect((await socket.request("recall_message", { message_id: next.id })).type).toBe("ack");
      socket.close();
      const [line] = (await history(ann)).filter((each) => each["type"] === "system");
      expect((await recall(ann, String(line?.["id"]))).outcome).toBe("403 FORBIDDEN");
      expect((await recall(ann, unknownId)).outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect(await shown(ann, sent.id)).toMatchObject({ content: "too late", is_recalled: false });
    });
  });

  test("nobody who is not signed in changes anything", async () => {
    const sent = await say(ann, "for members");
    for (const [method, path, body] of [
      ["PATCH", `/messages/${sent.id}`, { content: "x" }],
      ["PUT", `/messages/${sent.id}`, { content: "x" }],
      ["DELETE", `/messages/${sent.id}`, undefined],
      ["PUT", `/messages/${sent.id}/recall`, undefined],
      ["GET", `/messages/${sent.id}/versions`, undefined],
    ] as const) {
      expect((await request(server, method, path, body)).outcome).toBe("401 UNAUTHENTICATED");
    }
  });
});

/** Waits until something that is done after the commit is done. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 200; look++) if (await isDone()) return;
  throw new Error("it did not come about");
}
