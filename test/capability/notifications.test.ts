import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { joinedRoom, message, notification, type Message, type Notification } from "../../src/protocol/models.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { forgetBlocks } from "../../src/server/blocks/blocked.ts";
import type { Happenings } from "../../src/server/context.ts";
import { catchUp } from "../../src/server/notifications/catch-up.ts";
import { noter } from "../../src/server/notifications/noter.ts";
import { removeBeyond, removeOld } from "../../src/server/notifications/tidy.ts";
import { rooms } from "../../src/server/rooms/directory.ts";
import { lane } from "../../src/server/timeline/lane.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { request, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, lobbyOf, makeRoom, official } from "./rooms-cast.ts";

forEachDatabase((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  const say = async (who: Person, roomId: string, content: string): Promise<Message> =>
    (await who.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);
  const idle = () => Promise.all(server.contexts.map((context) => noter(context).idle()));
  const keyOf = async (who: Person): Promise<number> => {
    const found = await peopleOf(server.context).byId(who.id);
    if (!found) throw new Error("nobody");
    return found.key;
  };
  const list = async (who: Person, query = ""): Promise<Notification[]> => {
    await idle();
    return (await who.http("GET", `/notifications${query}`)).as(z.array(notification));
  };
  const unreadOf = async (who: Person) => {
    await idle();
    return (await who.http("GET", "/notifications")).meta["unread_count"];
  };
  const happen = <N extends keyof Happenings>(what: N, event: Happenings[N]) =>
    server.context.happenings.emit(what, event);
  const placeOf = async ({ id, room_id, seq }: Message) => {
    const room = await rooms(server.context).byId(room_id);
    if (!room) throw new Error("no room");
    return { messageId: id, roomKey: room.key, roomId: room_id, seq };
  };
  const roomWith = async () => {
    const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
    const room = await makeRoom(ann, { type: "private", members: [ben, cleo] });
    // Each was told that they were added.
    await idle();
    for (const who of [ben, cleo]) await who.http("POST", "/notifications/read", { all: true });
    return { ann, ben, cleo, room };
  };

  describe("a notification", () => {
    test("of a mention comes live to all devices of who is named, and to nobody else; once", async () => {
      const { ann, ben, cleo, room } = await roomWith();
      const devices = [await ben.connect(), await (await ben.onAnotherDevice()).connect()];
      const others = [await ann.connect(), await cleo.connect()];
      const sent = await say(ann, room.id, `@${ben.username} look,\n  please`);
      for (const device of devices) {
        const { payload } = await device.next("notification");
        expect(payload).toMatchObject({
          kind: "mention",
          actor: { id: ann.id },
          room_id: room.id,
          message_id: sent.id,
          text: `@${ben.username} look, please`,
          read_at: null,
          unread_count: 1,
        });
      }
      await idle();
      for (const device of [...devices, ...others]) await device.fence();
      expect(devices.map((device) => device.seen("notification").length)).toEqual([1, 1]);
      expect(others.map((device) => device.seen("notification").length)).toEqual([0, 0]);
      expect((await list(ben, "?unread=true")).map(({ message_id }) => message_id)).toEqual([sent.id]);
      for (const socket of [...devices, ...others]) socket.close();
    });

    test("of everybody goes to everybody but its sender; in the lobby it stays a number", async () => {
      const { ann, ben, cleo, room } = await roomWith();
      const sent = await say(ann, room.id, "@all come");
      expect((await list(ben, "?unread")).map(({ message_id }) => message_id)).toEqual([sent.id]);
      expect((await list(cleo, "?unread")).map(({ message_id }) => message_id)).toEqual([sent.id]);
      expect(await list(ann)).toEqual([]);
      const moderator = await official(server, "moderator");
      await say(moderator, (await lobbyOf(ann)).id, "@all welcome");
      expect(await unreadOf(ben)).toBe(1);
    });

    test("of being added to a room has its name", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const room = await makeRoom(ann, { name: "Garden", members: [ben] });
      expect(await list(ben)).toMatchObject([
        { kind: "room_invite", actor: { id: ann.id }, room_id: room.id, text: "Garden" },
      ]);
      expect(await list(ann)).toEqual([]);
    });

    test("of a reaction has the emoji, and goes when it is taken back", async () => {
      const { ann, ben, room } = await roomWith();
      const sent = await say(ben, room.id, "tea?");
      const path = `/messages/${sent.id}/reactions/${encodeURIComponent("🍵")}`;
      await ann.http("PUT", path);
      await ann.http("PUT", path);
      await ben.http("PUT", path);
      expect(await list(ben, "?unread")).toMatchObject([{ kind: "reaction", text: "🍵", message_id: sent.id }]);
      await ann.http("DELETE", path);
      expect(await list(ben, "?unread")).toEqual([]);
    });

    test("of reactions by a thousand people is told of the first", async () => {
      const { ann, ben, room } = await roomWith();
      const sent = await say(ben, room.id, "tea?");
      const [place, senderKey, actorKey] = [await placeOf(sent), await keyOf(ben), await keyOf(ann)];
      for (let count = 0; count < 50; count++) {
        happen("reaction_added", { ...place, senderKey, actorKey, emoji: `${count}` });
        await idle();
      }
      expect((await list(ben, "?unread")).length).toBe(20);
    });

    test("of a reply goes to who is answered, once, also where they are named", async () => {
      const { ann, ben, cleo, room } = await roomWith();
      const asked = await say(ben, room.id, "tea or coffee?");
      const answer = { content: `tea, @${ben.username}, @${cleo.username}`, reply_to_id: asked.id };
      await ann.http("POST", `/rooms/${room.id}/messages`, answer);
      await ben.http("POST", `/rooms/${room.id}/messages`, { content: "mine", reply_to_id: asked.id });
      expect((await list(ben)).filter(({ kind }) => kind !== "room_invite")).toMatchObject([
        { kind: "reply", actor: { id: ann.id } },
      ]);
      expect((await list(cleo, "?unread")).map(({ kind }) => kind)).toEqual(["mention"]);
    });

    test("shows what its message says now, and goes when it is deleted, recalled or hidden", async () => {
      const { ann, ben, cleo, room } = await roomWith();
      const names = `@${ben.username}`;
      const sent = await say(ann, room.id, `${names} at nine`);
      expect(await unreadOf(ben)).toBe(1);
      const counts = async (who: Person) => {
        const rooms = (await who.http("GET", "/rooms?type=joined")).as(z.array(joinedRoom));
        return rooms.find(({ id }) => id === room.id)?.mention_count;
      };
      await ann.http("PATCH", `/messages/${sent.id}`, { content: `${names}, @${cleo.username}, @all: at ten` });
      expect(await list(ben, "?unread")).toMatchObject([{ text: expect.stringContaining("at ten") }]);
      expect(await list(cleo, "?unread")).toMatchObject([{ kind: "mention", message_id: sent.id }]);
      expect([await counts(ben), await counts(cleo)]).toEqual([1, 1]);
      await ann.http("PATCH", `/messages/${sent.id}`, { content: "nobody" });
      await ann.http("PATCH", `/messages/${sent.id}`, { content: `@${cleo.username} again` });
      expect((await list(cleo, "?unread")).length).toBe(1);
      expect([await counts(ben), await counts(cleo)]).toEqual([0, 1]);
      await ann.http("DELETE", `/messages/${sent.id}`);
      expect([await list(ben, "?unread"), await list(cleo, "?unread")]).toEqual([[], []]);
      expect([await counts(ben), await counts(cleo)]).toEqual([0, 0]);
      const second = await say(ann, room.id, `${names} wrong room`);
      await ann.http("PUT", `/messages/${second.id}/recall`);
      expect(await list(ben, "?unread")).toEqual([]);
      const third = await say(ann, room.id, `${names} a third`);
      await idle();
      await ben.http("DELETE", `/messages/${third.id}?for=me`);
      expect(await list(ben, "?unread")).toEqual([]);
    });

    test("of a friend request goes with it; its acceptance is told", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const [fromKey, toKey] = [await keyOf(ann), await keyOf(ben)];
      const requestId = Bun.randomUUIDv7();
      happen("friend_requested", { requestId, fromKey, toKey, message: "we met" });
      expect(await list(ben)).toMatchObject([{ kind: "friend_request", actor: { id: ann.id }, text: "we met" }]);
      const socket = await ben.connect();
      happen("friend_request_gone", { requestId, toKey });
      const { payload } = await socket.next("notifications_removed");
      expect(payload).toMatchObject({ unread_count: 0 });
      expect(await list(ben)).toEqual([]);
      happen("friends_made", { acceptedByKey: toKey, requesterKey: fromKey });
      expect(await list(ann)).toMatchObject([{ kind: "friend_accepted", actor: { id: ben.id } }]);
      socket.close();
    });

    test("of friends: a request, its acceptance, and that one came online, which is for this moment alone", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const asked = await ann.http("POST", "/friends/requests", { user_id: ben.id, message: "hello" });
      const requestId = asked.as(z.looseObject({ id: z.string() })).id;
      expect(await list(ben)).toMatchObject([{ kind: "friend_request", actor: { id: ann.id }, text: "hello" }]);
      await ben.http("POST", `/friends/requests/${requestId}/accept`);
      expect(await list(ben)).toEqual([]);
      expect(await list(ann)).toMatchObject([{ kind: "friend_accepted", actor: { id: ben.id } }]);
      const [watching, other] = [await ann.connect(), await cleo.connect()];
      const came = await ben.connect();
      const { payload } = await watching.next("notification");
      expect(payload).toMatchObject({ kind: "friend_online", actor: { id: ben.id } });
      expect(payload.unread_count).toBeUndefined();
      await other.fence();
      expect(other.seen("notification")).toEqual([]);
      expect((await list(ann)).length).toBe(1);
      for (const socket of [watching, other, came]) socket.close();
    });

    test("of a direct message goes to the other one, and is read with the conversation", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const sent = (await ann.http("POST", `/direct-messages/${ben.id}`, { content: "only for you" })).as(message);
      expect(await list(ben)).toMatchObject([
        { kind: "direct_message", actor: { id: ann.id }, room_id: sent.room_id, text: "only for you" },
      ]);
      expect(await list(ann)).toEqual([]);
      await ben.http("POST", `/rooms/${sent.room_id}/messages/read`, { last_read_message_id: sent.id });
      expect(await unreadOf(ben)).toBe(0);
      await ben.http("PUT", `/rooms/${sent.room_id}/notifications`, { level: "mentions" });
      await ann.http("POST", `/direct-messages/${ben.id}`, { content: "once more" });
      expect(await unreadOf(ben)).toBe(0);
      await ben.http("DELETE", `/direct-messages/${ann.id}`);
      expect(await list(ben)).toEqual([]);
    });

    test("of who is named by an edit comes once", async () => {
      const { ann, ben, cleo, room } = await roomWith();
      const sent = await say(ann, room.id, `@${ben.username}`);
      const edit = { ...(await placeOf(sent)), senderKey: await keyOf(ann), mentioned: [ben.id, cleo.id, ann.id] };
      happen("message_edited", edit);
      happen("message_edited", edit);
      expect((await list(ben, "?unread")).length).toBe(1);
      expect((await list(cleo, "?unread")).length).toBe(1);
      expect(await list(ann)).toEqual([]);
    });

    test("goes with its message, and its devices hear of it", async () => {
      const { ann, ben, room } = await roomWith();
      const socket = await ben.connect();
      const sent = await say(ann, room.id, `@${ben.username}`);
      const { id } = (await socket.next("notification")).payload;
      happen("message_gone", await placeOf(sent));
      expect((await socket.next("notifications_removed")).payload).toEqual({ ids: [id], unread_count: 0 });
      expect(await list(ben, "?unread")).toEqual([]);
      socket.close();
    });

    test("does not come from somebody whom one has blocked, and those there are go", async () => {
      const { ann, ben, room } = await roomWith();
      await say(ann, room.id, `@${ben.username} one`);
      expect(await unreadOf(ben)).toBe(1);
      const [user_key, blocked_key] = [await keyOf(ben), await keyOf(ann)];
      const { db } = server.context;
      await db.write((tx) => tx.insert(db.tables.blocks).values({ user_key, blocked_key, created_at: 1 }));
      forgetBlocks(server.context, [user_key, blocked_key]);
      happen("blocked", { userKey: user_key, blockedKey: blocked_key });
      await say(ann, room.id, `@${ben.username} two`);
      expect(await list(ben)).toEqual([]);
      const joined = (await ben.http("GET", "/rooms?type=joined")).as(z.array(z.looseObject({ id: z.string() })));
      expect(joined.find(({ id }) => id === room.id)).toMatchObject({ mention_count: 0 });
    });

    test("of a room that one was put out of goes, and its text is not told any more", async () => {
      const { ann, ben, room } = await roomWith();
      await say(ann, room.id, `@${ben.username} a secret`);
      expect(await unreadOf(ben)).toBe(1);
      await ann.http("DELETE", `/rooms/${room.id}/members/${ben.id}`);
      expect(await list(ben)).toEqual([]);
    });
  });

  describe("reading", () => {
    test("a room reads what was told of it up to there, on all devices", async () => {
      const { ann, ben, room } = await roomWith();
      const socket = await ben.connect();
      const first = await say(ann, room.id, `@${ben.username} one`);
      await say(ann, room.id, `@${ben.username} two`);
      const { id } = (await socket.next("notification", ({ message_id }) => message_id === first.id)).payload;
      await idle();
      await ben.http("POST", `/rooms/${room.id}/messages/read`, { last_read_message_id: first.id });
      expect((await socket.next("notifications_read")).payload).toMatchObject({
        ids: [id],
        all: false,
        unread_count: 1,
      });
      await say(ben, room.id, "I have read it");
      expect(await unreadOf(ben)).toBe(0);
      socket.close();
    });

    test("some or all of them tells one's devices; what is another's is not there", async () => {
      const { ann, ben, cleo, room } = await roomWith();
      for (const word of ["one", "two", "three"]) await say(ann, room.id, `@${ben.username} @${cleo.username} ${word}`);
      const [mine] = await list(ben);
      const [theirs] = await list(cleo);
      const read = (ids: unknown) => ben.http("POST", "/notifications/read", { ids });
      expect((await read([mine?.id, theirs?.id])).outcome).toBe("404 NOTIFICATION_NOT_FOUND");
      expect((await read([Bun.randomUUIDv7()])).outcome).toBe("404 NOTIFICATION_NOT_FOUND");
      for (const id of ["x", "\u0000"]) expect((await read([id])).outcome).toBe("404 NOTIFICATION_NOT_FOUND");
      expect(await unreadOf(ben)).toBe(3);
      const socket = await ben.connect({ early: true });
      expect((await socket.ready()).payload.unread_notifications).toBe(3);
      expect((await read([mine?.id, mine?.id])).data).toEqual({ unread_count: 2 });
      expect((await socket.next("notifications_read")).payload).toMatchObject({ ids: [mine?.id], unread_count: 2 });
      expect((await ben.http("POST", "/notifications/read", { all: true })).data).toEqual({ unread_count: 0 });
      expect((await socket.next("notifications_read")).payload).toMatchObject({ all: true, unread_count: 0 });
      expect(await unreadOf(cleo)).toBe(3);
      expect((await list(ben)).every(({ read_at }) => read_at !== null)).toBe(true);
      socket.close();
    });

    test("the list comes in pages, the newest first", async () => {
      const { ann, ben, room } = await roomWith();
      for (const word of ["one", "two", "three"]) await say(ann, room.id, `@${ben.username} ${word}`);
      await idle();
      const answer = await ben.http("GET", "/notifications?per_page=2&page=1&unread=1");
      expect(answer.meta).toEqual({ page: 1, per_page: 2, total: 3, has_more: true, unread_count: 3 });
      expect(answer.as(z.array(notification)).map(({ text }) => text.split(" ")[1])).toEqual(["three", "two"]);
      expect((await list(ben, "?per_page=2&page=2&unread=1")).length).toBe(1);
      for (const wrong of ["?unread=perhaps", "?page=0", "?per_page=101"]) {
        expect((await ben.http("GET", `/notifications${wrong}`)).outcome).toBe("422 VALIDATION_ERROR");
      }
    });

    test("without signing in there is nothing to read", async () => {
      expect((await request(server, "GET", "/notifications")).outcome).toBe("401 UNAUTHENTICATED");
      expect((await request(server, "POST", "/notifications/read", { all: true })).outcome).toBe("401 UNAUTHENTICATED");
      const { ann } = await cast(server, "ann");
      for (const body of [{}, { ids: [] }, { all: false }, { all: true, ids: ["x"] }]) {
        expect((await ann.http("POST", "/notifications/read", body)).outcome).toBe("422 VALIDATION_ERROR");
      }
    });
  });

  describe("a room's level", () => {
    test("decides what is told of it, and one's other devices learn it", async () => {
      const { ann, ben, room } = await roomWith();
      const socket = await ben.connect();
      const set = (level: unknown) => ben.http("PUT", `/rooms/${room.id}/notifications`, { level });
      expect((await set("none")).data).toEqual({ room_id: room.id, level: "none" });
      expect((await socket.next("notification_level_changed")).payload).toEqual({ room_id: room.id, level: "none" });
      await say(ann, room.id, `@${ben.username} one`);
      expect(await unreadOf(ben)).toBe(0);
      await set("mentions");
      const mine = await say(ben, room.id, "mine");
      const actors = { senderKey: await keyOf(ben), actorKey: await keyOf(ann) };
      happen("reaction_added", { ...(await placeOf(mine)), ...actors, emoji: "👍" });
      await say(ann, room.id, `@${ben.username} two`);
      expect((await list(ben, "?unread")).map(({ kind }) => kind)).toEqual(["mention"]);
      expect((await set("loud")).outcome).toBe("422 VALIDATION_ERROR");
      const again = await ben.connect({ early: true });
      const { payload } = await again.ready();
      expect(payload.rooms.find(({ id }) => id === room.id)).toMatchObject({ notify_level: "mentions" });
      socket.close();
      again.close();
    });

    test("is there for the lobby, and moves no cursor", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const lobby = await lobbyOf(ann);
      await say(ann, lobby.id, "hello");
      const before = await lobbyOf(ben);
      expect((await ben.http("PUT", `/rooms/${lobby.id}/notifications`, { level: "none" })).status).toBe(200);
      // How many accounts there are is counted now and then.
      const { read_seq, unread_count, mention_count } = before;
      expect(await lobbyOf(ben)).toMatchObject({ read_seq, unread_count, mention_count, notify_level: "none" });
      await say(ann, lobby.id, `@${ben.username}`);
      expect(await list(ben)).toEqual([]);
    });

    test("is for members alone", async () => {
      const { ann, eve } = await cast(server, "ann", "eve");
      const open = await makeRoom(ann);
      const hidden = await makeRoom(ann, { type: "private" });
      const set = (roomId: string) => eve.http("PUT", `/rooms/${roomId}/notifications`, { level: "none" });
      expect((await set(open.id)).outcome).toBe("403 FORBIDDEN");
      expect((await set(hidden.id)).outcome).toBe("404 ROOM_NOT_FOUND");
      expect((await set("x")).outcome).toBe("404 ROOM_NOT_FOUND");
      expect((await request(server, "PUT", `/rooms/${open.id}/notifications`, { level: "none" })).outcome).toBe(
        "401 UNAUTHENTICATED",
      );
    });
  });

  test("what was passed over because too much came at once is looked for in the database", async () => {
    const { ann, ben, room } = await roomWith();
    const { context } = server;
    await catchUp(context).run();
    const place = await placeOf(await say(ann, room.id, "hello"));
    const id = Bun.randomUUIDv7();
    const draft = { id, room_key: place.roomKey, sender_key: await keyOf(ann), client_id: null, body_hash: null };
    const text = {
      type: "text" as const,
      content: `@${ben.username}`,
      reply_to_id: null,
      mentions: JSON.stringify([ben.id]),
    };
    await lane(context).add({ ...draft, ...text, created_at: Date.now() });
    expect(await list(ben, "?unread")).toEqual([]);
    noter(context).hasLost = true;
    await catchUp(context).run();
    await catchUp(context).run();
    expect(await list(ben, "?unread")).toMatchObject([{ kind: "mention", message_id: id }]);
    expect(noter(context).hasLost).toBe(false);
  });

  test("a thousand are kept of a person, for ninety days", async () => {
    const { ann, ben, room } = await roomWith();
    await say(ann, room.id, `@${ben.username} the last`);
    await idle();
    const { db } = server.context;
    const { notifications } = db.tables;
    const user_key = await keyOf(ben);
    const old = { user_key, kind: "friend_accepted" as const, text: "" };
    const rows = Array.from({ length: 1_100 }, (_, index) => ({
      ...old,
      id: Bun.randomUUIDv7(),
      source: `old:${index}`,
      created_at: Date.now(),
    }));
    for (let at = 0; at < rows.length; at += 100) {
      await db.write((tx) => tx.insert(notifications).values(rows.slice(at, at + 100)));
    }
    await say(ann, room.id, `@${ben.username} one more`);
    await idle();
    await removeOld(server.context);
    // Each node looks at those whom it has told something.
    for (const context of server.contexts) await removeBeyond(context);
    const { meta } = await ben.http("GET", "/notifications");
    expect(meta["total"]).toBe(1_000);
  });
});
