import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { ManualClock } from "../support/clock.ts";
import { guestSocket, people, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { closing } from "../support/socket.ts";

let server: TestServer;
let clock: ManualClock;
let ann: Person;
let ben: Person;
let roomId: string;
let lobbyId: string;

beforeAll(async () => {
  clock = new ManualClock();
  server = await startServer({ clock });
  ({ ann, ben } = await people(server, "ann", "ben"));
  roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private", member_ids: [ben.id] })).as(room).id;
  const socket = await ann.connect({ early: true });
  lobbyId = (await socket.ready()).payload.rooms.find(({ is_lobby }) => is_lobby)?.id ?? "";
  socket.close();
});
afterAll(() => server.stop());

describe("a connection", () => {
  test("begins with `connected` and `ready`, which names its person, session and rooms", async () => {
    const socket = await ann.connect();
    expect(socket.frames.map(({ type }) => type)).toEqual(["connected", "ready"]);
    const [{ payload: connected } = { payload: {} }, { payload: ready } = { payload: {} }] = socket.frames;
    expect(connected).toMatchObject({ user_id: ann.id, epoch: server.context.epoch, heartbeat_s: 30 });
    expect(ready).toMatchObject({ user: { id: ann.id }, friends: [], blocks: [], unread_notifications: 0 });
    expect(ready).toHaveProperty("rooms.1");
    socket.close();
  });

  test("of a guest has neither person nor rooms", async () => {
    const guest = await guestSocket(server);
    expect(guest.seen("connected")).toMatchObject([{ user_id: null, session_id: null }]);
    expect(guest.seen("ready")).toMatchObject([{ user: null, rooms: [] }]);
    guest.close();
  });

  test("handles what was sent before `ready` after it, in order", async () => {
    const socket = await ann.connect({ early: true });
    await socket.opened;
    const said = ["one", "two"].map((content) => socket.say(roomId, content));
    const [one, two] = await Promise.all(said);
    expect(two?.seq).toBe((one?.seq ?? 0) + 1);
    const types = socket.frames.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(["connected", "ready"]);
    socket.close();
  });
});

describe("an answer", () => {
  test("repeats the `ref` of its frame, whatever it is", async () => {
    const socket = await ann.connect();
    const answer = async (type: string, payload?: unknown) => (await socket.requestRaw({ type, payload })).type;
    expect(await answer("ping")).toBe("pong");
    expect(await answer("send_message", { room_id: roomId, content: "hello", temp_id: "r1" })).toBe("message_ack");
    expect(await answer("authenticate", { token: ann.token })).toBe("ack");
    expect(await answer("sync", { epoch: server.context.epoch, rooms: [] })).toBe("sync_done");
    expect(await answer("sync", { epoch: "another", rooms: [] })).toBe("sync_done");
    const [, reset] = socket.frames.filter(({ type }) => type.startsWith("sync_"));
    expect(reset).toMatchObject({ type: "sync_reset", payload: { epoch: server.context.epoch } });
    expect(reset?.ref).toBe(socket.frames.at(-1)?.ref);
    expect(await answer("join_room", { room_id: "nothing" })).toBe("error");
    expect(await answer("mark_read", { room_id: roomId, message_id: "nothing" })).toBe("error");
    expect(await answer("no_such_command", {})).toBe("error");
    expect(await answer("ping", { unknown: 1 })).toBe("error");
    socket.close();
  });

  test("to a frame without `ref` has none", async () => {
    const socket = await ann.connect();
    socket.send({ type: "ping" });
    expect(await socket.next("pong")).not.toHaveProperty("ref");
    socket.close();
  });

  test("to a send names its `temp_id`, also when it is refused or malformed", async () => {
    const socket = await ann.connect();
    const elsewhere = { room_id: "nothing", content: "hello", temp_id: "t1" };
    expect(await socket.refused("send_message", elsewhere)).toMatchObject({ code: "ROOM_NOT_FOUND", temp_id: "t1" });
    const malformed = { room_id: roomId, content: 5, temp_id: "t2" };
    expect(await socket.refused("send_message", malformed)).toMatchObject({ code: "VALIDATION_ERROR", temp_id: "t2" });
    expect(await socket.refused("ping", { temp_id: "t3" })).not.toHaveProperty("temp_id");
    socket.close();
  });

  test("is worded in the language of the upgrade", async () => {
    const texts: string[] = [];
    for (const language of ["en", "zh-TW,en;q=0.5", "zh-CN"]) {
      const socket = await ann.connect({ headers: { "Accept-Language": language } });
      texts.push((await socket.refused("join_room", { room_id: "nothing" })).message);
      socket.close();
    }
    expect(texts).toEqual(["The room does not exist", "聊天室不存在", "聊天室不存在"]);
  });

  test("to a guest who would do more than watch is that they must sign in", async () => {
    const guest = await guestSocket(server);
    const send = { room_id: lobbyId, content: "hello", temp_id: "g1" };
    expect((await guest.refused("send_message", send)).code).toBe("UNAUTHENTICATED");
    expect((await guest.refused("mark_read", { room_id: lobbyId, message_id: "x" })).code).toBe("UNAUTHENTICATED");
    expect((await guest.refused("authenticate", { token: ann.token })).code).toBe("UNAUTHENTICATED");
    expect((await guest.refused("join_room", { room_id: roomId })).code).toBe("ROOM_NOT_FOUND");
    await guest.ack("join_room", { room_id: lobbyId });
    const socket = await ann.connect();
    await socket.say(lobbyId, "to those who look on");
    await guest.next("new_message", (message) => "content" in message && message.content === "to those who look on");
    await guest.ack("leave_room", { room_id: lobbyId });
    await socket.say(lobbyId, "to nobody else");
    await guest.fence();
    expect(JSON.stringify(guest.frames)).not.toContain("to nobody else");
    for (const each of [guest, socket]) each.close();
  });
});

describe("the order", () => {
  test("of a sender's own frames: first the acknowledgement, then the message", async () => {
    const [socket, other] = [await ann.connect(), await ben.connect()];
    const from = socket.frames.length;
    const acks = await Promise.all(Array.from({ length: 200 }, (_, index) => socket.say(roomId, `number ${index}`)));
    await other.next("new_message", (message) => message.id === acks.at(-1)?.id);
    await socket.fence();
    const acked = new Set<string>();
    const shown: string[] = [];
    for (const { type, payload } of socket.frames.slice(from)) {
      if (type === "message_ack") acked.add(payload.id);
      if (type !== "new_message") continue;
      expect(acked.has(payload.id)).toBe(true);
      shown.push(payload.id);
    }
    expect(shown).toEqual(acks.map(({ id }) => id));
    expect(acks.map(({ seq }) => seq - (acks[0]?.seq ?? 0))).toEqual(acks.map((_, index) => index));
    for (const each of [socket, other]) each.close();
  });

  test("of a person's frames: what comes after a send finds it done", async () => {
    const socket = await ben.connect();
    for (let count = 0; count < 5; count++) {
      socket.send({ type: "send_message", payload: { room_id: roomId, content: "a last word", temp_id: `l${count}` } });
    }
    const left = await socket.request("leave_room", { room_id: roomId });
    expect(left.type).toBe("ack");
    const answers = socket.frames.map(({ type }): string => type).filter((type) => type.endsWith("ack"));
    expect(answers).toEqual([...Array.from({ length: 5 }, () => "message_ack"), "ack"]);
    const again = { room_id: roomId, content: "too late", temp_id: "l9" };
    expect((await socket.refused("send_message", again)).code).toBe("ROOM_NOT_FOUND");
    await ann.http("POST", `/rooms/${roomId}/members`, { user_ids: [ben.id] });
    socket.close();
  });

  test("of what was refused: after the acknowledgements of the sends before it", async () => {
    const socket = await ann.connect();
    const send = (index: number, content: string) => ({ room_id: roomId, content, temp_id: `o${index}` });
    for (let index = 0; index < 6; index++) {
      socket.send({ type: "send_message", payload: send(index, index === 3 ? " " : `number ${index}`) });
    }
    await socket.next("message_ack", ({ temp_id }) => temp_id === "o5");
    const answers = socket.frames.flatMap(({ type, payload }) =>
      type === "message_ack" || type === "error" ? [payload.temp_id] : [],
    );
    const before = answers.slice(0, answers.indexOf("o3"));
    expect(before.sort()).toEqual(expect.arrayContaining(["o0", "o1", "o2"]));
    socket.close();
  });
});

describe("violations", () => {
  const bad = ["no json", "[]", '"text"', "null", '{"type":5}', '{"type":"nothing"}', '{"type":"ping","payload":[]}'];

  test("are answered, and the third within a minute closes with 1008", async () => {
    for (const frame of bad) {
      const socket = await ann.connect();
      for (let count = 0; count < 3; count++) socket.send(frame);
      expect((await closing(socket)).code).toBe(1008);
      expect(socket.seen("error").map(({ code }) => code)).toEqual(Array.from({ length: 3 }, () => "VALIDATION_ERROR"));
    }
  });

  test("further apart close nothing", async () => {
    const socket = await ann.connect();
    for (let count = 0; count < 6; count++) {
      expect((await socket.refused("nothing")).request_type).toBeNull();
      clock.advance(30_500);
      await socket.fence();
    }
    socket.close();
  });
});

describe("flooding", () => {
  test("by what is refused again and again closes with 4029, though every frame was answered until then", async () => {
    const limited = await startServer({ clock: new ManualClock(), env: { RATE_LIMITS: "on" } });
    const { ann } = await people(limited, "ann");
    const socket = await ann.connect();
    for (let count = 0; count < 300; count++) socket.send({ type: "leave_room", payload: { room_id: "nothing" } });
    expect((await closing(socket)).code).toBe(4029);
    const codes = socket.seen("error").map(({ code }) => code);
    expect(codes.filter((code) => code === "ROOM_NOT_FOUND")).toHaveLength(60);
    expect(codes.filter((code) => code === "RATE_LIMITED")).toHaveLength(200);
    expect(socket.seen("error").at(-1)?.retry_after_ms).toBeGreaterThan(0);
    await limited.stop();
  });

  test("has its own measure for sends: per person, over all sockets and HTTP together", async () => {
    const limited = await startServer({ clock: new ManualClock(), env: { RATE_LIMITS: "on" } });
    const { ann } = await people(limited, "ann");
    const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
    const sockets = [await ann.connect(), await ann.connect()];
    const send = (index: number) => ({ room_id: roomId, content: "hello", temp_id: `t${index}` });
    for (let index = 0; index < 20; index++) {
      const answer = await sockets[index % 2]?.request("send_message", send(index));
      expect(answer?.type).toBe("message_ack");
    }
    expect((await sockets[0]?.refused("send_message", send(20)))?.code).toBe("RATE_LIMITED");
    const answer = await ann.http("POST", `/rooms/${roomId}/messages`, { content: "hello" });
    expect(answer.outcome).toBe("429 RATE_LIMITED");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    // A retry of what was stored gets its original all the same.
    expect((await sockets[1]?.request("send_message", send(3)))?.type).toBe("message_ack");
    await limited.stop();
  });
});
