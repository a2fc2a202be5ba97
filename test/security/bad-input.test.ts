import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { commands, type CommandName } from "../../src/protocol/commands.ts";
import { errors } from "../../src/protocol/errors.ts";
import { limits } from "../../src/protocol/limits.ts";
import { joinedRoom, me, member, message, room } from "../../src/protocol/models.ts";
import * as requests from "../../src/protocol/requests.ts";
import { wholeTimeline } from "../support/journal.ts";
import { people, person, request, testPassword, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { closing, type TestSocket } from "../support/socket.ts";
import { wrongInputs } from "./wrong-values.ts";

let server: TestServer;
let ann: Person;
let ben: Person;
let roomId: string;
let messageId: string;

beforeAll(async () => {
  server = await startServer();
  ({ ann, ben } = await people(server, "ann", "ben"));
  roomId = (await ann.http("POST", "/rooms", { name: "room", type: "public", member_ids: [ben.id] })).as(room).id;
  messageId = (await ann.http("POST", `/rooms/${roomId}/messages`, { content: "hello" })).as(message).id;
});
afterAll(() => server.stop());

type BodyName = Exclude<keyof typeof requests, `${string}Query`>;

/** Where each body goes, and one that would be accepted there. A schema without a line here fails the type check. */
const bodies: Record<BodyName, () => { method: string; path: string; valid: Record<string, unknown> }> = {
  register: () => ({ method: "POST", path: "/auth/register", valid: { username: "carl", password: testPassword } }),
  login: () => ({ method: "POST", path: "/auth/login", valid: { username: "ann", password: testPassword } }),
  forgotPassword: () => ({ method: "POST", path: "/auth/password/forgot", valid: { email: "ann@example.org" } }),
  resetPassword: () => ({
    method: "POST",
    path: "/auth/password/reset",
    valid: { token: "t", password: testPassword },
  }),
  changePassword: () => ({
    method: "PUT",
    path: "/users/me/password",
    valid: { old_password: testPassword, new_password: `${testPassword}!` },
  }),
  changeEmail: () => ({
    method: "POST",
    path: "/users/me/email",
    valid: { email: "ann@example.org", password: testPassword },
  }),
  verifyEmail: () => ({ method: "POST", path: "/auth/email/verify", valid: { token: "t" } }),
  deleteMe: () => ({ method: "DELETE", path: "/users/me", valid: { password: testPassword } }),
  setStatus: () => ({ method: "PUT", path: "/users/me/status", valid: { status: "busy" } }),
  updateMe: () => ({ method: "PATCH", path: "/users/me", valid: { bio: "hello" } }),
  createInvite: () => ({ method: "POST", path: "/admin/invites", valid: { max_uses: 1 } }),
  createRoom: () => ({ method: "POST", path: "/rooms", valid: { name: "new", type: "public" } }),
  updateRoom: () => ({ method: "PATCH", path: `/rooms/${roomId}`, valid: { name: "renamed" } }),
  addMembers: () => ({ method: "POST", path: `/rooms/${roomId}/members`, valid: { user_ids: [ben.id] } }),
  updateMember: () => ({ method: "PATCH", path: `/rooms/${roomId}/members/${ben.id}`, valid: { role: "admin" } }),
  banMember: () => ({ method: "PUT", path: `/rooms/${roomId}/bans/${ben.id}`, valid: { reason: "spam" } }),
  createRoomInvite: () => ({ method: "POST", path: `/rooms/${roomId}/invites`, valid: { max_uses: 1 } }),
  transferRoom: () => ({ method: "POST", path: `/rooms/${roomId}/transfer`, valid: { user_id: ben.id } }),
  setNotifyLevel: () => ({ method: "PUT", path: `/rooms/${roomId}/notifications`, valid: { level: "none" } }),
  readNotifications: () => ({ method: "POST", path: "/notifications/read", valid: { all: true } }),
  sendMessage: () => ({ method: "POST", path: `/rooms/${roomId}/messages`, valid: { content: "hello" } }),
  editMessage: () => ({ method: "PATCH", path: `/messages/${messageId}`, valid: { content: "hello again" } }),
  requestFriend: () => ({ method: "POST", path: "/friends/requests", valid: { user_id: ben.id, message: "hi" } }),
  markRead: () => ({
    method: "POST",
    path: `/rooms/${roomId}/messages/read`,
    valid: { last_read_message_id: messageId },
  }),
};

const bodyNames = Object.keys(bodies) as BodyName[];

/** All that bad input could have changed. */
async function everything() {
  const mine = (await ann.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
  return {
    me: (await ann.http("GET", "/users/me")).as(me),
    rooms: mine,
    members: await Promise.all(
      mine.map(async ({ id }) => {
        const all = (await ann.http("GET", `/rooms/${id}/members`)).as(z.array(member));
        // Whoever connects to send what is wrong is there.
        return all.map((each) => ({ ...each, status: null }));
      }),
    ),
    timelines: await Promise.all(mine.map(({ id }) => wholeTimeline(ann, id))),
    people: (await ann.http("GET", "/users/search?q=carl")).data,
  };
}

describe("a body that its schema refuses", () => {
  for (const name of bodyNames) {
    test(`changes nothing: ${name}`, async () => {
      const before = await everything();
      const { method, path, valid } = bodies[name]();
      const wrong = wrongInputs(requests[name], valid);
      expect(wrong.length).toBeGreaterThan(10);
      for (const { what, json } of wrong) {
        const answer = await ann.http(method, path, json);
        expect({ what, outcome: answer.outcome }).toEqual({ what, outcome: "422 VALIDATION_ERROR" });
        expect(answer.error?.details.length).toBeGreaterThan(0);
      }
      expect(await everything()).toEqual(before);
    });
  }

  test("is told which field is wrong, in the language that was asked for", async () => {
    const answer = await ann.http(
      "POST",
      "/rooms",
      { name: "", type: "public", role: "owner" },
      { headers: { "accept-language": "zh-TW,zh;q=0.9" } },
    );
    expect(answer.error).toMatchObject({ code: "VALIDATION_ERROR", message: errors.VALIDATION_ERROR.text["zh-TW"] });
    expect(answer.error?.details.map(({ field }) => field).sort()).toEqual(["name", "role"]);
  });
});

describe("a body that is not even JSON", () => {
  const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/v1/rooms`, {
      method: "POST",
      headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json", ...headers },
      body,
    });

  const unreadable: Record<string, string | Uint8Array<ArrayBuffer>> = {
    "half of it": '{"name":"x"',
    "two of it": '{"name":"x","type":"public"}{}',
    "a form": "name=x&type=public",
    "single quotes": "{'name':'x','type':'public'}",
    "UTF-16": new Uint8Array(new Uint16Array([...'{"name":"x"}'].map((letter) => letter.charCodeAt(0))).buffer),
    "bytes that are no UTF-8": new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22]),
    gzip: Bun.gzipSync('{"name":"x","type":"public"}'),
  };
  for (const [what, body] of Object.entries(unreadable)) {
    test(`is a 400: ${what}`, async () => {
      const answer = await send(body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ success: false, error: { code: "VALIDATION_ERROR" } });
    });
  }

  test("of another declared kind is a 415", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "jsonx",
    ]) {
      const answer = await send('{"name":"x","type":"public"}', { "content-type": type });
      expect({ type, status: answer.status }).toEqual({ type, status: 415 });
    }
  });

  test("nested a hundred thousand deep, or all brackets, never gets through nor ends the server", async () => {
    const depth = 100_000;
    const name = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    for (const body of [name, `{"name":${name},"type":"public"}`, "[".repeat(900_000), `{"a":`.repeat(100_000)]) {
      expect([400, 422]).toContain((await send(body)).status);
    }
    expect((await ann.http("GET", "/users/me")).status).toBe(200);
  });

  test("beyond a megabyte is a 413, also when it comes in pieces", async () => {
    const large = JSON.stringify({ name: "x".repeat(limits.bodyBytes), type: "public" });
    expect((await send(large)).status).toBe(413);
    const pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < large.length; at += 65_536) controller.enqueue(large.slice(at, at + 65_536));
        controller.close();
      },
    });
    const streamed = await fetch(`${server.url}/api/v1/rooms`, {
      method: "POST",
      headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json" },
      body: pieces,
    });
    expect(streamed.status).toBe(413);
  });
});

describe("a query", () => {
  const wrong = ["page=0", "page=-1", "page=x", "page=1.5", "per_page=0", "per_page=101", "per_page=", "page=1e3"];
  const lists = [`/rooms?type=joined`, `/rooms/ROOM/members?`, `/users/search?q=ann`, "/auth/sessions?"];
  for (const list of lists) {
    test(`with a wrong value is refused: ${list}`, async () => {
      for (const value of wrong) {
        const answer = await ann.http("GET", `${list.replace("ROOM", roomId)}&${value}`);
        const isRefused = answer.outcome === "422 VALIDATION_ERROR";
        // `1e3` is a number to some: it may pass where it does no harm, an empty one as if it were not there.
        if (["page=1e3", "per_page="].includes(value)) expect([200, 422]).toContain(answer.status);
        else expect({ value, isRefused }).toEqual({ value, isRefused: true });
      }
    });
    test(`with parameters that nobody knows is answered: ${list}`, async () => {
      expect((await ann.http("GET", `${list.replace("ROOM", roomId)}&colour=red&__proto__=1`)).status).toBe(200);
    });
  }

  test("of a timeline or its changes with a wrong value is refused", async () => {
    const refused = [
      "messages?limit=0",
      "messages?limit=101",
      `messages?before=${messageId}&after=${messageId}`,
      "messages?before=",
      "messages?after=nothing",
      "messages?around=%00",
      "changes",
      "changes?since_rev=-1",
      "changes?since_rev=x",
      "changes?since_rev=0&limit=501",
    ];
    for (const query of refused) {
      const { outcome } = await ann.http("GET", `/rooms/${roomId}/${query}`);
      expect({ query, outcome }).toEqual({ query, outcome: "422 VALIDATION_ERROR" });
    }
    expect((await ann.http("GET", "/users/online?room_id=x")).outcome).toBe("422 VALIDATION_ERROR");
  });

  test("with an id that names nothing it is not found, whoever made it", async () => {
    for (const id of [Bun.randomUUIDv7(), crypto.randomUUID()]) {
      const outcomes = await Promise.all(
        [
          `/rooms/${roomId}/messages?around=${id}`,
          `/messages/search?q=a&before=${id}`,
          `/users/online?room_id=${id}`,
          `/messages/search?q=a&from=${id}`,
        ].map(async (path) => (await ann.http("GET", path)).outcome),
      );
      expect(outcomes).toEqual(["404 MESSAGE_NOT_FOUND", "404 MESSAGE_NOT_FOUND", "404 ROOM_NOT_FOUND", "200"]);
    }
  });
});

describe("an id that is none", () => {
  const ids = [
    "x",
    "0",
    "%00",
    "..%2f..%2fetc",
    "%F0%9F%8D%9C",
    "a".repeat(3_000),
    "018f0000-0000-7000-8000-00000000000G",
  ];
  const unknown = "018f0000-0000-7000-8000-000000000000";

  test("is answered as an unknown one, byte for byte but for the request's own id", async () => {
    const routes = [
      "/rooms/ID",
      "/rooms/ID/members",
      "/rooms/ID/messages",
      "/users/ID",
      "/rooms/ID/changes?since_rev=0",
    ];
    for (const route of routes) {
      const expected = await ann.http("GET", route.replace("ID", unknown));
      expect({ route, status: expected.status }).toEqual({ route, status: 404 });
      for (const id of ids) {
        const answer = await ann.http("GET", route.replace("ID", id));
        expect({ route, id, error: { ...answer.error, request_id: "" } }).toEqual({
          route,
          id,
          error: { ...expected.error, request_id: "" } as never,
        });
      }
    }
  });

  test("in a body is not found", async () => {
    const read = (id: string) => ann.http("POST", `/rooms/${roomId}/messages/read`, { last_read_message_id: id });
    expect((await read("x")).outcome).toBe("404 MESSAGE_NOT_FOUND");
    expect((await read(unknown)).outcome).toBe("404 MESSAGE_NOT_FOUND");
    expect((await ann.http("POST", `/rooms/${roomId}/transfer`, { user_id: "x" })).outcome).toMatch(/^404 /);
  });
});

describe("a method or a path that is not there", () => {
  test("is a 404 or 405 in the API's own form", async () => {
    expect((await ann.http("GET", "/nothing")).outcome).toBe("404 NOT_FOUND");
    expect((await ann.http("DELETE", "/rooms")).outcome).toBe("405 METHOD_NOT_ALLOWED");
    expect((await request(server, "POST", "/server")).status).toBeGreaterThanOrEqual(401);
  });
});

describe("a frame that breaks its schema", () => {
  /** A socket takes two violations a minute; each needs a life of its own then. */
  async function violations(frames: readonly string[], check: (socket: TestSocket, index: number) => Promise<void>) {
    let socket = await ben.connect();
    for (const [index, frame] of frames.entries()) {
      if (index > 0 && index % 2 === 0) {
        socket.cut();
        socket = await ben.connect();
      }
      socket.send(frame);
      await check(socket, index);
    }
    socket.cut();
  }

  const valid: Record<CommandName, () => Record<string, unknown>> = {
    edit_message: () => ({ message_id: messageId, content: "hello again" }),
    delete_message: () => ({ message_id: messageId }),
    recall_message: () => ({ message_id: messageId }),
    join_room: () => ({ room_id: roomId }),
    leave_room: () => ({ room_id: roomId }),
    authenticate: () => ({ token: ben.token }),
    send_message: () => ({ room_id: roomId, content: "hello", temp_id: "t" }),
    send_direct_message: () => ({ receiver_id: ann.id, content: "hello", temp_id: "t" }),
    mark_read: () => ({ room_id: roomId, message_id: messageId }),
    typing: () => ({ room_id: roomId, is_typing: true }),
    set_status: () => ({ status: "busy" }),
    watch_presence: () => ({ user_ids: [ben.id] }),
    add_reaction: () => ({ message_id: messageId, emoji: "👍" }),
    remove_reaction: () => ({ message_id: messageId, emoji: "👍" }),
    mark_delivered: () => ({ room_id: roomId, message_id: messageId }),
    sync: () => ({ epoch: "e", rooms: [{ room_id: roomId, rev: 0 }] }),
    ping: () => ({}),
  };
  for (const type of Object.keys(commands) as CommandName[]) {
    test(`is refused and changes nothing: ${type}`, async () => {
      const before = await everything();
      const wrong = wrongInputs(commands[type].payload, valid[type]()).filter(
        // No payload at all is allowed where nothing is needed.
        ({ json }) => !(json === "null" && commands[type].payload.safeParse({}).success),
      );
      await violations(
        wrong.map(({ json }, index) => `{"type":"${type}","ref":"r${index}","payload":${json}}`),
        async (socket, index) => {
          const { payload, ref } = await socket.next("error");
          const { code, request_type } = payload;
          const what = wrong[index]?.what;
          expect({ what, code, request_type, ref }).toEqual({
            what,
            code: "VALIDATION_ERROR",
            request_type: type,
            ref: `r${index}`,
          });
        },
      );
      expect(await everything()).toEqual(before);
    }, 60_000);
  }

  test("is a violation, also when it is no JSON, no object, of no known type or with a wrong ref", async () => {
    const frames = [
      "",
      "{",
      "null",
      "[]",
      "5",
      '"ping"',
      "{}",
      '{"type":5}',
      '{"type":null}',
      '{"type":"nothing"}',
      '{"type":"toString"}',
      '{"type":"__proto__"}',
      '{"type":"constructor","payload":{}}',
      '{"type":"new_message","payload":{}}',
      `{"type":"ping","ref":"${"r".repeat(65)}"}`,
      '{"type":"ping","ref":5}',
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
    ];
    await violations(frames, async (socket, index) => {
      const { payload } = await socket.next("error");
      expect({ frame: frames[index]?.slice(0, 60), code: payload.code }).toEqual({
        frame: frames[index]?.slice(0, 60),
        code: "VALIDATION_ERROR",
      });
    });
  });

  test("a third time in a minute closes with 1008", async () => {
    const socket = await ben.connect();
    for (let time = 0; time < 3; time++) socket.send("nonsense");
    expect((await closing(socket)).code).toBe(1008);
    expect(socket.seen("error").length).toBeGreaterThanOrEqual(2);
  });

  test("and refusals are none: a hundred of them close nothing", async () => {
    const socket = await ben.connect();
    for (let time = 0; time < 100; time++) {
      const { code, temp_id } = await socket.refused("send_message", {
        room_id: "x",
        content: "hi",
        temp_id: `t${time}`,
      });
      expect({ code, temp_id }).toEqual({ code: "ROOM_NOT_FOUND", temp_id: `t${time}` });
    }
    await socket.fence();
    socket.close();
  });

  test("beyond 64 KiB closes with 1009, and just below it is read", async () => {
    const socket = await ben.connect();
    const padded = (bytes: number) => {
      const frame = JSON.stringify({ type: "ping", timestamp: "" });
      return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
    };
    socket.send(padded(limits.clientFrameBytes));
    await socket.next("pong");
    socket.send(padded(limits.clientFrameBytes + 1));
    expect([1006, 1009]).toContain((await closing(socket)).code);
  });

  test("in binary is refused as well", async () => {
    const socket = await ben.connect();
    socket.send(new TextEncoder().encode('{"type":"nothing"}'));
    await socket.next("error");
    socket.cut();
  });
});

describe("text", () => {
  test("is kept as it came: markup, emoji, joiners; CR LF becomes LF", async () => {
    const content = '<script>alert(1)</script> & "quotes" \t 👩‍👩‍👧‍👦 مرحبا \u202e牛肉麵\r\nsecond\n';
    const sent = (await ann.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
    expect(sent.content).toBe(content.replace("\r\n", "\n"));
    expect((await wholeTimeline(ann, roomId)).at(-1)?.content).toBe(sent.content);
  });

  test("of 4,000 characters passes whatever they are, and one more is too long", async () => {
    for (const letter of ["x", "麵", "🍜"]) {
      const send = (content: string) => ann.http("POST", `/rooms/${roomId}/messages`, { content });
      expect((await send(letter.repeat(limits.messageChars))).status).toBe(201);
      expect((await send(letter.repeat(limits.messageChars + 1))).outcome).toBe("422 MESSAGE_TOO_LONG");
    }
    const answer = await ann.http(
      "POST",
      `/rooms/${roomId}/messages`,
      { content: "x".repeat(4_001) },
      { headers: { "accept-language": "zh-TW" } },
    );
    expect(answer.error?.message).toBe("訊息長度不可超過 4000 字元");
  });

  test("that is empty or all white space is no message", async () => {
    for (const content of ["", " ", "\n\t ", "\u3000"]) {
      const { outcome } = await ann.http("POST", `/rooms/${roomId}/messages`, { content });
      expect({ content, outcome }).toEqual({ content, outcome: "422 VALIDATION_ERROR" });
    }
  });

  test("with control characters or half a surrogate is refused everywhere", async () => {
    const carl = await person(server, "carla");
    for (const bad of ["a\u0000b", "a\u0007b", "\u001b[31m", "\ud800", "a\u0085b", "a\rb"]) {
      const outcomes = await Promise.all([
        carl.http("POST", `/rooms/${roomId}/messages`, { content: bad }),
        carl.http("POST", "/rooms", { name: bad, type: "public" }),
        carl.http("PATCH", "/users/me", { display_name: bad }),
        carl.http("PATCH", "/users/me", { bio: bad }),
      ]);
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 4 }, () => "422 VALIDATION_ERROR"));
    }
  });
});
