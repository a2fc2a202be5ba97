import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { message, type Message } from "../../src/protocol/models.ts";
import { forEachDialect } from "../support/dialects.ts";
import { people, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

const ids = z.object({ id: z.string() });
const unknownId = "01890000-0000-7000-8000-000000000000";

forEachDialect((dialect) => {
  let server: TestServer;
  let ann: Person;
  let ben: Person;
  let cleo: Person;
  let roomId: string;

  beforeAll(async () => {
    server = await startServer({ dialect, env: { RATE_LIMITS: "off" } });
    ({ ann, ben, cleo } = await people(server, "ann", "ben", "cleo"));
    roomId = await room("home");
  });
  afterAll(() => server.stop());

  async function room(name: string): Promise<string> {
    const body = { name, type: "private", member_ids: [ben.id, cleo.id] };
    return (await ann.http("POST", "/rooms", body)).as(ids).id;
  }
  async function say(person: Person, content: string, body: object = {}, where = roomId): Promise<Message> {
    return (await person.http("POST", `/rooms/${where}/messages`, { content, ...body })).as(message);
  }
  const quote = (of: Message, content = of.content) => ({ id: of.id, sender: of.sender, content });
  const history = async (person: Person, where = roomId) =>
    (await person.http("GET", `/rooms/${where}/messages?limit=100`)).as(z.array(z.looseObject({ id: z.string() })));
  const shown = async (person: Person, id: string) => (await history(person)).find((each) => each.id === id);

  test("a reply shows what it answers, in the answer, live, in history, changes, search and as the last message", async () => {
    const asked = await say(ann, "what is it?");
    const socket = await cleo.connect();
    const reply = await say(ben, "an armadillo", { reply_to_id: asked.id });
    expect(reply.reply_to).toEqual(quote(asked));
    const { payload } = await socket.next("new_message");
    expect(payload.reply_to).toEqual(quote(asked));
    expect(await shown(cleo, reply.id)).toMatchObject({ reply_to: quote(asked) });
    const changes = await cleo.http("GET", `/rooms/${roomId}/changes?since_rev=${asked.rev}`);
    expect(changes.as(z.object({ messages: z.array(z.unknown()) })).messages).toEqual([
      expect.objectContaining({ id: reply.id, reply_to: quote(asked) }),
    ]);
    const mine = await cleo.http("GET", "/rooms?type=joined");
    expect(mine.as(z.array(z.looseObject({ id: z.string() }))).find(({ id }) => id === roomId)).toMatchObject({
      last_message: { id: reply.id, reply_to: quote(asked) },
    });
    await until(async () => {
      const hits = await cleo.http("GET", `/rooms/${roomId}/messages/search?q=armadillo`);
      const [hit] = hits.as(z.array(z.looseObject({ reply_to: z.unknown() })));
      if (hit) expect(hit.reply_to).toEqual(quote(asked));
      return hit !== undefined;
    });
    socket.close();
  });

  test("a reply can be sent by a frame, and to a reply", async () => {
    const asked = await say(ann, "ping");
    const socket = await ben.connect();
    const answer = await socket.request("send_message", {
      room_id: roomId,
      content: "pong",
      temp_id: `pong ${dialect}`,
      reply_to_id: asked.id,
    });
    expect(answer.type).toBe("message_ack");
    const { payload } = await socket.next("new_message", ({ content }) => content === "pong");
    expect(payload.reply_to).toEqual(quote(asked));
    const further = await say(ann, "again", { reply_to_id: payload.id });
    expect(further.reply_to).toEqual(quote(payload));
    socket.close();
  });

  test("a long message is quoted by its beginning, whole characters of it", async () => {
    const long = await say(ann, "😀".repeat(300));
    const reply = await say(ben, "so many", { reply_to_id: long.id });
    expect(reply.reply_to).toEqual(quote(long, "😀".repeat(200)));
  });

  describe("the quotation follows", () => {
    test("an edit", async () => {
      const asked = await say(ann, "befor");
      const reply = await say(ben, "yes", { reply_to_id: asked.id });
      const edited = (await ann.http("PATCH", `/messages/${asked.id}`, { content: "before" })).as(message);
      expect(await shown(cleo, reply.id)).toMatchObject({ reply_to: quote(edited), rev: reply.rev });
      expect((await say(cleo, "me too", { reply_to_id: asked.id })).reply_to).toEqual(quote(edited));
    });

    test("a deletion and a recall: nothing of it is left", async () => {
      const [one, two] = [await say(ann, "one"), await say(ann, "two")];
      const replies = [
        await say(ben, "to one", { reply_to_id: one.id }),
        await say(ben, "to two", { reply_to_id: two.id }),
      ];
      await ann.http("DELETE", `/messages/${one.id}`);
      await ann.http("PUT", `/messages/${two.id}/recall`);
      expect(await shown(cleo, replies[0]?.id ?? "")).toMatchObject({ reply_to: quote(one, "") });
      expect(await shown(cleo, replies[1]?.id ?? "")).toMatchObject({ reply_to: quote(two, "") });
      // Who had begun to answer is not refused.
      expect((await say(ben, "too late", { reply_to_id: one.id })).reply_to).toEqual(quote(one, ""));
    });

    test("the change of a name", async () => {
      const asked = await say(cleo, "who am I?");
      const reply = await say(ben, "Cleo", { reply_to_id: asked.id });
      await cleo.http("PATCH", "/users/me", { display_name: "Cleopatra" });
      expect(await shown(ann, reply.id)).toMatchObject({ reply_to: { sender: { display_name: "Cleopatra" } } });
    });

    test("nobody from whom the message is hidden, or who has blocked its sender", async () => {
      const asked = await say(ann, "for some");
      await ben.http("DELETE", `/messages/${asked.id}?for=me`);
      await cleo.http("PUT", `/blocks/${ann.id}`);
      const [bens, cleos] = [await ben.connect(), await cleo.connect()];
      const reply = await say(ann, "by ann", { reply_to_id: asked.id });
      const other = await say(ben, "by ben", { reply_to_id: (await say(ann, "another")).id });
      const live = await cleos.next("new_message", ({ id }) => id === other.id);
      expect(live.payload).toMatchObject({ content: "by ben", reply_to: null });
      expect(await shown(ben, reply.id)).toMatchObject({ content: "by ann", reply_to: null });
      expect(await shown(cleo, other.id)).toMatchObject({ content: "by ben", reply_to: null });
      const changes = await cleo.http("GET", `/rooms/${roomId}/changes?since_rev=${reply.rev}`);
      expect(changes.as(z.object({ messages: z.array(z.looseObject({})) })).messages).toContainEqual(
        expect.objectContaining({ id: other.id, reply_to: null }),
      );
      const { epoch } = (await cleos.next("connected")).payload;
      cleos.send({ type: "sync", payload: { epoch, rooms: [{ room_id: roomId, rev: reply.rev }] } });
      const { payload } = await cleos.next("sync_batch");
      expect(payload.messages).toContainEqual(expect.objectContaining({ id: other.id, reply_to: null }));
      const mine = await cleo.http("GET", "/rooms?type=joined");
      expect(mine.as(z.array(z.looseObject({ id: z.string() }))).find(({ id }) => id === roomId)).toMatchObject({
        last_message: { id: other.id, reply_to: null },
      });
      await cleo.http("DELETE", `/blocks/${ann.id}`);
      bens.close();
      cleos.close();
    });
  });

  test("sending again: the same reply gives the original, another or none is a conflict", async () => {
    const [asked, other] = [await say(ann, "a?"), await say(ann, "b?")];
    const temp_id = `reply ${dialect}`;
    const body = { content: "c", temp_id, reply_to_id: asked.id };
    const sent = await say(ben, "c", body);
    const path = `/rooms/${roomId}/messages`;
    const again = await ben.http("POST", path, body);
    expect(again.outcome).toBe("200");
    expect(again.as(message)).toEqual(sent);
    for (const wrong of [
      { ...body, reply_to_id: other.id },
      { content: "c", temp_id },
    ]) {
      expect((await ben.http("POST", path, wrong)).outcome).toBe("409 IDEMPOTENCY_CONFLICT");
    }
    // Also when what it answers can be answered no more.
    await ben.http("DELETE", `/messages/${asked.id}?for=me`);
    expect((await ben.http("POST", path, body)).as(message)).toMatchObject({ id: sent.id });
  });

  test("what is in no message of the room, or is a line of the system, cannot be answered", async () => {
    const elsewhere = await say(ann, "elsewhere", {}, await room("other"));
    const path = `/rooms/${roomId}/messages`;
    for (const reply_to_id of [elsewhere.id, unknownId, "nonsense"]) {
      const answer = await ben.http("POST", path, { content: "x", reply_to_id });
      expect(answer.outcome).toBe("404 MESSAGE_NOT_FOUND");
      expect(answer.error?.details.map(({ field }) => field)).toEqual(["reply_to_id"]);
    }
    const [line] = (await history(ann)).filter((each) => each["type"] === "system");
    expect((await ben.http("POST", path, { content: "x", reply_to_id: line?.id })).outcome).toBe(
      "422 VALIDATION_ERROR",
    );
    const socket = await ben.connect();
    const refusal = await socket.refused("send_message", {
      room_id: roomId,
      content: "x",
      temp_id: "refused",
      reply_to_id: elsewhere.id,
    });
    expect(refusal).toMatchObject({ code: "MESSAGE_NOT_FOUND", temp_id: "refused" });
    socket.close();
    expect((await history(ann)).filter((each) => each["content"] === "x")).toEqual([]);
  });
});

/** Waits until something that is done after the commit is done. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 200; look++) if (await isDone()) return;
  throw new Error("it did not come about");
}
