import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { credentials, joinedRoom, member, message, room, user } from "../../src/protocol/models.ts";
import { setDisabled } from "../../src/server/accounts/manage.ts";
import { until } from "../support/deferred.ts";
import { Nodes, nodesLack } from "../support/nodes.ts";
import { people, person, request, testPassword, type Person } from "../support/people.ts";
import { closing, TestSocket } from "../support/socket.ts";

/** A revocation reaches open sockets within this (G5). */
const promisedMs = 1_000;

const fresh = credentials.extend({ refresh_token: z.string() });

/** What people share, whichever of two nodes each of their requests and sockets goes to. */
describe.skipIf(nodesLack !== undefined)(nodesLack === undefined ? "two nodes" : `skipped: ${nodesLack}`, () => {
  let nodes: Nodes;
  beforeAll(async () => {
    nodes = await Nodes.start({ MAX_SOCKETS_PER_USER: "4" });
  });
  afterAll(() => nodes.stop());

  let count = 0;
  /** Somebody new, on either node. */
  async function somebody(): Promise<{ here: Person; there: Person }> {
    const here = await person(nodes.one, `person-${++count}`);
    return { here, there: here.at(nodes.two) };
  }

  const makeRoom = async (owner: Person, members: Person[], type = "private") =>
    (await owner.http("POST", "/rooms", { name: "room", type, member_ids: members.map(({ id }) => id) })).as(room).id;

  const say = async (who: Person, roomId: string, content: string, temp_id: string = Bun.randomUUIDv7()) =>
    (await who.http("POST", `/rooms/${roomId}/messages`, { content, temp_id })).as(message);

  describe("a message", () => {
    test("that is sent again on the other node is the original; with another body it is a conflict", async () => {
      const { here, there } = await somebody();
      const roomId = await makeRoom(here, []);
      const [socket, far] = [await here.connect(), await there.connect()];
      const tempId = Bun.randomUUIDv7();
      const { id, seq, rev, created_at } = await socket.say(roomId, "once", tempId);
      expect(await far.say(roomId, "once", tempId)).toMatchObject({ id, seq, rev, created_at });
      const again = await there.http("POST", `/rooms/${roomId}/messages`, { content: "once", temp_id: tempId });
      expect([again.status, again.as(message).id]).toEqual([200, id]);
      const other = { room_id: roomId, content: "twice", temp_id: tempId };
      expect((await far.refused("send_message", other)).code).toBe("IDEMPOTENCY_CONFLICT");
      for (const each of [socket, far]) each.close();
    });

    test("that is sent on both at once is stored once", async () => {
      const { here, there } = await somebody();
      const roomId = await makeRoom(here, []);
      const watching = await there.connect();
      const tempIds = Array.from({ length: 20 }, () => Bun.randomUUIDv7());
      const sent = await Promise.all(
        tempIds.map((tempId) => Promise.all([here, there].map((at) => say(at, roomId, "once", tempId)))),
      );
      for (const [one, two] of sent) expect(one?.id).toBe(two?.id ?? "");
      expect(new Set(sent.map(([each]) => each?.seq)).size).toBe(20);
      await watching.next("new_message", ({ seq }) => seq === Math.max(...sent.map(([each]) => each?.seq ?? 0)));
      await watching.fence();
      expect(watching.seen("new_message").filter(({ content }) => content === "once")).toHaveLength(20);
      watching.close();
    });
  });

  test("about who joins reaches them on the other node, which has just begun to hear the room", async () => {
    const [{ here: ann }, { here: ben, there: farBen }] = [await somebody(), await somebody()];
    const socket = await farBen.connect();
    for (let round = 0; round < 3; round++) {
      const roomId = await makeRoom(ann, [], "public");
      await ben.http("POST", `/rooms/${roomId}/join`);
      const { payload: added } = await socket.next("room_added", ({ room: { id } }) => id === roomId);
      const { payload: joined } = await socket.next("user_joined", ({ room_id }) => room_id === roomId);
      expect(joined).toMatchObject({ user: { id: ben.id }, rev: added.room.rev });
      const { payload: line } = await socket.next("new_message", ({ room_id }) => room_id === roomId);
      expect(line).toMatchObject({ rev: joined.rev, system: { kind: "member_joined", actor: { id: ben.id } } });
      const { id } = await say(ann, roomId, "welcome");
      await socket.next("new_message", (each) => each.id === id);
    }
    await socket.fence();
    expect(socket.seen("user_joined")).toHaveLength(3);
    socket.close();
  });

  test("in a slow room passes once in its time, on both nodes together", async () => {
    const [{ here: ann }, { here: ben, there: farBen }] = [await somebody(), await somebody()];
    const roomId = await makeRoom(ann, [ben]);
    await ann.http("PATCH", `/rooms/${roomId}`, { slow_mode_s: 60 });
    await until(async () => {
      const at = await farBen.http("GET", `/rooms/${roomId}`);
      return at.as(room).slow_mode_s === 60;
    }, "the slow room on the other node");
    const send = (at: Person, temp_id: string) =>
      at.http("POST", `/rooms/${roomId}/messages`, { content: "hello", temp_id }).then(({ outcome }) => outcome);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => send(index % 2 ? ben : farBen, `${index}`)),
    );
    expect(outcomes.filter((outcome) => outcome === "201")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "429 SLOW_MODE")).toHaveLength(7);
    // What is sent again is the original, and takes no other's turn.
    const passed = `${outcomes.indexOf("201")}`;
    for (const at of [ben, farBen]) expect(await send(at, passed)).toBe("200");
  });

  test("after a cut, one resumes on either node, and gets the same", async () => {
    const [{ here: ann, there: farAnn }, { here: ben, there: farBen }] = [await somebody(), await somebody()];
    const roomId = await makeRoom(ann, [ben]);
    const socket = await ben.connect();
    const first = await say(ann, roomId, "first");
    const { payload } = await socket.next("new_message", ({ id }) => id === first.id);
    const { epoch } = (await until(() => socket.seen("connected")[0], "the epoch")) ?? { epoch: "" };
    socket.cut();
    const sent = [];
    for (let index = 0; index < 12; index++) sent.push(await say(index % 2 ? ann : farAnn, roomId, `${index}`));
    const [one, two, three, four] = sent;
    if (!one || !two || !three || !four) throw new Error("nothing was sent");
    await farAnn.http("PATCH", `/messages/${one.id}`, { content: "edited" });
    await ann.http("DELETE", `/messages/${two.id}`);
    await farAnn.http("PUT", `/messages/${three.id}/reactions/${encodeURIComponent("👍")}`);
    await ann.http("PUT", `/rooms/${roomId}/pins/${four.id}`);
    await farAnn.http("PATCH", `/rooms/${roomId}`, { description: "as it is now" });
    const resumed = [];
    for (const at of [ben, farBen, ben]) {
      const back = await at.connect();
      const ready = back.seen("ready")[0];
      expect(back.seen("connected")[0]?.epoch).toBe(epoch);
      await back.request("sync", { epoch, rooms: [{ room_id: roomId, rev: payload.rev }] });
      resumed.push({ room: ready?.rooms.find(({ id }) => id === roomId), batches: back.seen("sync_batch") });
      back.close();
    }
    expect(resumed[0]?.batches[0]?.messages).toHaveLength(13);
    expect(resumed[1]).toEqual(resumed[0] ?? { room: undefined, batches: [] });
    expect(resumed[2]).toEqual(resumed[0] ?? { room: undefined, batches: [] });
  });

  describe("what lets one in", () => {
    test("a ticket of one opens a socket of the other, once on both", async () => {
      const { here, there } = await somebody();
      const ticket = await here.ticket();
      const socket = new TestSocket(`${nodes.two.wsUrl}?ticket=${ticket}`);
      await socket.ready();
      for (const { wsUrl } of [nodes.one, nodes.two]) {
        const refused = new TestSocket(`${wsUrl}?ticket=${ticket}`);
        expect((await closing(refused)).code).not.toBe(1000);
      }
      const raced = await there.ticket();
      const both = [nodes.one, nodes.two].map(({ wsUrl }) => new TestSocket(`${wsUrl}?ticket=${raced}`));
      const opened = await Promise.allSettled(both.map((each) => each.opened));
      expect(opened.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const each of [socket, ...both]) each.close();
    });

    test("tokens of one hold on the other; a refresh token works once on both, and used again ends the session", async () => {
      const { here, there } = await somebody();
      const renew = (at: Person, token: string) => request(at.server, "POST", "/auth/refresh", undefined, { token });
      const next = (await renew(there, here.refreshToken)).as(fresh);
      // Two tabs at once, one at each: the same successor.
      expect((await renew(here, here.refreshToken)).as(fresh).refresh_token).toBe(next.refresh_token);
      expect((await here.http("GET", "/users/me", undefined, { token: next.token })).status).toBe(200);
      const last = (await renew(here, next.refresh_token)).as(fresh);
      const socket = await here.connect();
      expect((await renew(there, here.refreshToken)).status).toBe(401);
      expect((await closing(socket, promisedMs)).code).toBe(4001);
      for (const at of [here, there]) expect((await renew(at, last.refresh_token)).status).toBe(401);
    });

    test("a link that was mailed works once on both", async () => {
      const { here, there } = await somebody();
      const email = `${here.username}@example.org`;
      await here.http("POST", "/users/me/email", { email, password: testPassword });
      const outbox = await until(async () => {
        const glob = new Bun.Glob("*").scan({ cwd: `${nodes.one.context.config.dataDir}/outbox`, absolute: true });
        for await (const path of glob) {
          const mail = await Bun.file(path).text();
          if (mail.includes(email)) return mail;
        }
        return undefined;
      }, "the mail");
      const token = /verify#([\w-]+)/.exec(outbox)?.[1];
      const outcomes = await Promise.all(
        [there, here].map((at) => at.http("POST", "/auth/email/verify", { token }).then(({ status }) => status < 300)),
      );
      expect(outcomes.toSorted()).toEqual([false, true]);
    });
  });

  describe("on the other node, within a second", () => {
    /** Somebody with a socket on the first node, and their other session. */
    async function cast() {
      const { here, there } = await somebody();
      const other = await here.onAnotherDevice();
      return { here, there, other, socket: await here.connect() };
    }

    async function isCut(socket: TestSocket, who: Person): Promise<void> {
      expect((await closing(socket, promisedMs)).code).toBe(4001);
      expect((await who.http("GET", "/users/me")).status).toBeOneOf([401, 403]);
    }

    const revocations: Record<string, (cast: { there: Person; other: Person }) => Promise<unknown>> = {
      "signing out": ({ there }) => there.http("POST", "/auth/logout"),
      "signing out everywhere": ({ other }) => other.at(nodes.two).http("POST", "/auth/logout-all"),
      "a new password": ({ other }) =>
        other
          .at(nodes.two)
          .http("PUT", "/users/me/password", { old_password: testPassword, new_password: `${testPassword}!` }),
      "ending a device": async ({ other }) => {
        const at = other.at(nodes.two);
        const sessions = (await at.http("GET", "/auth/sessions")).as(
          z.array(z.object({ id: z.string(), current: z.boolean() })),
        );
        return at.http("DELETE", `/auth/sessions/${sessions.find(({ current }) => !current)?.id}`);
      },
      "disabling the account": ({ there }) => setDisabled(nodes.two.context, there.username, true),
      "deleting the account": ({ there }) => there.http("DELETE", "/users/me", { password: testPassword }),
    };

    for (const [name, revoke] of Object.entries(revocations)) {
      test(`${name} cuts`, async () => {
        const { here, there, other, socket } = await cast();
        await revoke({ there, other });
        await isCut(socket, here);
      });
    }

    test("being kicked, banned or made a member again takes effect", async () => {
      const [{ here: ann, there: owner }, { here: ben }, { here: cleo }] = [
        await somebody(),
        await somebody(),
        await somebody(),
      ];
      const roomId = await makeRoom(ann, [ben, cleo]);
      const [atBen, atCleo] = [await ben.connect(), await cleo.connect()];
      await owner.http("PATCH", `/rooms/${roomId}/members/${ben.id}`, { role: "admin" });
      await atBen.next("member_updated", ({ member: { role } }) => role === "admin");
      expect((await ben.http("PATCH", `/rooms/${roomId}`, { description: "ben's" })).status).toBe(200);
      await owner.http("PATCH", `/rooms/${roomId}/members/${ben.id}`, { role: "member" });
      await atBen.next("member_updated", ({ member: { role } }) => role === "member");
      expect((await ben.http("PATCH", `/rooms/${roomId}`, { description: "ben's" })).outcome).toBe("403 FORBIDDEN");
      await owner.http("DELETE", `/rooms/${roomId}/members/${ben.id}`);
      await owner.http("PUT", `/rooms/${roomId}/bans/${cleo.id}`, {});
      for (const [socket, reason] of [
        [atBen, "kicked"],
        [atCleo, "banned"],
      ] as const) {
        expect((await socket.next("room_removed")).payload).toEqual({ room_id: roomId, reason });
      }
      await say(owner, roomId, "not for them");
      for (const socket of [atBen, atCleo]) {
        const refusal = await socket.refused("send_message", { room_id: roomId, content: "still here?", temp_id: "t" });
        expect(refusal.code).toBe("ROOM_NOT_FOUND");
        await socket.fence();
        expect(socket.seen("new_message").filter(({ content }) => content === "not for them")).toEqual([]);
        socket.close();
      }
    });
  });

  describe("people", () => {
    test("are online on both, in lists and counts, and hear of each other's typing and reading", async () => {
      const [{ here: ann }, { there: ben }] = [await somebody(), await somebody()];
      const roomId = await makeRoom(ann, [ben]);
      const [here, far] = [await ann.connect(), await ben.connect()];
      for (const at of [ann, ben]) {
        await until(async () => {
          const online = (await at.http("GET", `/users/online?room_id=${roomId}`)).as(z.array(user));
          return online.map(({ id }) => id).join() === [ann.id, ben.id].join();
        }, "both online");
        const members = await at.http("GET", `/rooms/${roomId}/members`);
        expect(members.meta["online_count"]).toBe(2);
        expect(members.as(z.array(member)).map(({ status }) => status)).toEqual(["online", "online"]);
      }
      const typing = { room_id: roomId, is_typing: true };
      far.send({ type: "typing", payload: typing });
      const { payload } = await here.next("user_typing");
      expect(payload).toMatchObject({ room_id: roomId, user: { id: ben.id }, is_typing: true });
      const messages = [];
      for (let index = 0; index < 20; index++) messages.push(await here.say(roomId, `${index}`));
      for (const { id } of messages) far.send({ type: "mark_read", payload: { room_id: roomId, message_id: id } });
      const last = messages.at(-1);
      await here.next("message_read", ({ message_id }) => message_id === last?.id);
      await here.fence();
      // The first at once, then the newest of each half second.
      expect(here.seen("message_read").filter(({ user_id }) => user_id === ben.id).length).toBeLessThanOrEqual(5);
      for (const socket of [here, far]) socket.close();
    });

    test("have read on both what they have read on one, by the time anybody hears of it", async () => {
      const [{ here: ann, there: farAnn }, { here: ben, there: farBen }] = [await somebody(), await somebody()];
      const first = (await ann.http("POST", `/direct-messages/${ben.id}`, { content: "one" })).as(message);
      const [here, far] = [await ann.connect(), await farBen.connect()];
      const roomOf = async (at: Person) =>
        (await at.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom)).find(({ id }) => id === first.room_id);
      for (let round = 0; round < 3; round++) {
        const { id, seq } = await here.say(first.room_id, `${round}`);
        expect((await roomOf(farAnn))?.unread_count).toBe(0);
        await far.next("new_direct_message", (each) => each.id === id);
        far.send({ type: "mark_read", payload: { room_id: first.room_id, message_id: id } });
        await here.next("message_read", ({ read_seq }) => read_seq === seq);
        for (const at of [ben, farBen]) expect(await roomOf(at)).toMatchObject({ unread_count: 0, read_seq: seq });
        for (const at of [ann, farAnn]) {
          expect((await roomOf(at))?.cursors?.find(({ user_id }) => user_id === ben.id)?.read_seq).toBe(seq);
        }
      }
      // An answer is as good as a receipt, on whatever node it was written.
      const { id: question } = await here.say(first.room_id, "?");
      await far.say(first.room_id, "!");
      for (const at of [ann, farAnn]) {
        const page = (await at.http("GET", `/direct-messages/${ben.id}`)).as(z.array(message));
        expect(page.find(({ id }) => id === question)?.status).toBe("read");
      }
      for (const socket of [here, far]) socket.close();
    });

    test("have so many sockets on both together; one too many closes the oldest", async () => {
      const { here, there } = await somebody();
      const sockets = [];
      for (const at of [here, there, there, here]) sockets.push(await at.connect());
      const ended = sockets.map((socket) => {
        const end = { code: 0 };
        void socket.closed.then(({ code }) => (end.code = code));
        return end;
      });
      await there.connect();
      expect(await closing(sockets[0] ?? new TestSocket(""))).toMatchObject({ code: 4009 });
      await here.connect();
      expect(await closing(sockets[1] ?? new TestSocket(""))).toMatchObject({ code: 4009 });
      for (const socket of sockets.slice(2)) await socket.fence();
      expect(ended.map(({ code }) => code)).toEqual([4009, 4009, 0, 0]);
    });

    test("are told once that a friend came, whichever node both came to", async () => {
      const { here: ben, there: farBen } = await somebody();
      const friends = [await somebody(), await somebody(), await somebody()];
      for (const { here } of friends) {
        const request = await here.http("POST", "/friends/requests", { user_id: ben.id });
        await ben.http("POST", `/friends/requests/${request.as(z.object({ id: z.string() })).id}/accept`);
      }
      const [ann, first, last] = friends;
      const devices = [await ben.connect(), await farBen.connect()];
      await Promise.all([ann?.here.connect(), ann?.there.connect()]);
      // When these have come, whatever either node had to tell of the first has come before.
      const later = [first?.here, last?.there];
      for (const friend of later) await friend?.connect();
      for (const socket of devices) {
        for (const friend of later) {
          await socket.next("notification", ({ kind, actor }) => kind === "friend_online" && actor?.id === friend?.id);
        }
        const come = socket.seen("notification").filter(({ kind }) => kind === "friend_online");
        expect(come.map(({ actor }) => actor?.id).toSorted()).toEqual(friends.map(({ here }) => here.id).toSorted());
      }
    });
  });
});

/** Limits, and a bridge that dies: on nodes of their own. */
describe.skipIf(nodesLack !== undefined)(nodesLack === undefined ? "two nodes with limits" : "skipped", () => {
  let nodes: Nodes;
  beforeAll(async () => {
    nodes = await Nodes.start({ RATE_LIMITS: "on", TRUST_PROXY: "127.0.0.1" });
  });
  afterAll(() => nodes.stop());

  const from = (address: string) => ({ headers: { "x-forwarded-for": address } });

  test("count failed sign-ins of an address together", async () => {
    await people(nodes.one, "ann");
    const guess = (index: number, password: string) => {
      const at = index % 2 ? nodes.one : nodes.two;
      return request(at, "POST", "/auth/login", { username: "ann", password }, from("192.0.2.1"));
    };
    for (let index = 0; index < 10; index++) {
      expect((await guess(index, "wrong password")).outcome).toBe("401 INVALID_CREDENTIALS");
    }
    for (let index = 0; index < 2; index++) {
      const refused = await guess(index, testPassword);
      expect([refused.outcome, Number(refused.headers.get("retry-after")) > 0]).toEqual(["429 RATE_LIMITED", true]);
    }
    const elsewhere = { username: "ann", password: testPassword };
    expect((await request(nodes.two, "POST", "/auth/login", elsewhere, from("192.0.2.2"))).outcome).toBe("200");
  });

  test("revoke, refuse and hear each other's people again also while and after the bridge is away", async () => {
    const { ben, cleo } = await people(nodes.one, "ben", "cleo");
    const farBen = ben.at(nodes.two);
    const [socket, phone] = [await ben.connect(), await ben.onAnotherDevice()];
    const phoneSocket = await phone.connect();
    await nodes.redis.kill();
    await nodes.part();
    await farBen.http("POST", "/auth/logout");
    expect((await closing(socket, promisedMs * 2)).code).toBe(4001);
    await phoneSocket.fence();
    const wrong = { username: "cleo", password: "wrong password" };
    const outcomes = [];
    for (let index = 0; index < 12; index++) {
      outcomes.push((await request(nodes.one, "POST", "/auth/login", wrong, from("192.0.2.3"))).status);
    }
    expect(outcomes.slice(9)).toEqual([401, 429, 429]);
    const cleoSocket = await cleo.connect();
    await nodes.redis.restart();
    await nodes.meet();
    await until(async () => {
      const online = (await phone.at(nodes.two).http("GET", "/users/online")).as(z.array(user));
      return online.map(({ username }) => username).join() === "ben,cleo";
    }, "people of the other node");
    for (const each of [phoneSocket, cleoSocket]) each.close();
  });
});
