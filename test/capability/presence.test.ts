import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { friendRequest, me, member, notification, room } from "../../src/protocol/models.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { forgetBlocks } from "../../src/server/blocks/blocked.ts";
import { retellPresence } from "../../src/server/presence/between.ts";
import { graceMs, presence } from "../../src/server/presence/presence.ts";
import { tellEveryMs } from "../../src/server/presence/telling.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import { guestSocket, people, request, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { leave, look, onlineNames, statusOf } from "./presence-rig.ts";

const unseen = { status: "offline", last_seen_at: null } as const;
const there = (status: "online" | "away" | "busy") => ({ status, last_seen_at: null });

forEachDialect((dialect) => {
  let server: TestServer;
  let clock: ManualClock;
  let ann: Person;
  let ben: Person;
  let cleo: Person;

  beforeEach(async () => {
    clock = new ManualClock(Date.now());
    server = await startServer({
      dialect,
      clock,
      onOneNode: "nodes tell each other by this clock: presence-nodes.test.ts",
    });
    ({ ann, ben, cleo } = await people(server, "ann", "ben", "cleo"));
  });
  afterEach(() => server.stop());

  const keyOf = async ({ id }: Person) => (await peopleOf(server.context).byId(id))?.key ?? 0;
  const choose = (who: Person, status: string) => who.http("PUT", "/users/me/status", { status });

  describe("how somebody is", () => {
    test("follows from all their devices, and a grace after the last", async () => {
      expect(await statusOf(ann, ben)).toEqual(unseen);
      const phone = await ben.connect();
      const desk = await ben.connect();
      expect(await statusOf(ann, ben)).toEqual(there("online"));
      await leave(server, ben, phone);
      clock.advance(2 * graceMs);
      expect(await statusOf(ann, ben)).toEqual(there("online"));
      const leftAt = new Date(clock.now()).toISOString();
      await leave(server, ben, desk);
      clock.advance(graceMs - 1);
      expect(await statusOf(ann, ben)).toEqual(there("online"));
      clock.advance(1);
      expect(await statusOf(ann, ben)).toEqual({ status: "offline", last_seen_at: leftAt });
    });

    test("who is back within the grace was never gone", async () => {
      const watcher = await ann.connect();
      await look(watcher, ben);
      await leave(server, ben, await ben.connect());
      clock.advance(graceMs / 2);
      await ben.connect();
      clock.advance(graceMs);
      await watcher.fence();
      expect(watcher.seen("user_status_changed").map(({ status }) => status)).toEqual(["online"]);
    });

    test("who signs out is gone at once", async () => {
      const socket = await ben.connect();
      await ben.http("POST", "/auth/logout");
      await socket.closed;
      expect(await statusOf(ann, ben)).toMatchObject({ status: "offline" });
    });

    test("when they were seen last is stored, once for many, and shown unless they mind", async () => {
      const leftAt = new Date(clock.now()).toISOString();
      await leave(server, ben, await ben.connect());
      clock.advance(graceMs);
      while (await presence(server.context).lastSeen.write());
      const { users } = server.context.db.tables;
      const rows = await server.context.db.read.select({ at: users.last_seen_at, name: users.username }).from(users);
      expect(rows.find(({ name }) => name === "ben")?.at).toBe(Date.parse(leftAt));
      expect(await statusOf(ann, ben)).toEqual({ status: "offline", last_seen_at: leftAt });
      await ben.http("PATCH", "/users/me", { privacy: { last_seen: false } });
      expect(await statusOf(ann, ben)).toEqual(unseen);
    });
  });

  describe("a chosen status", () => {
    test("is kept, told to one's own devices, and seen by others while one is there", async () => {
      const own = await ben.connect();
      const answer = await choose(ben, "busy");
      expect(answer.as(me).status).toBe("busy");
      expect((await own.next("me_updated")).payload.user.status).toBe("busy");
      expect(await statusOf(ann, ben)).toEqual(there("busy"));
      expect((await own.request("set_status", { status: "away" })).type).toBe("ack");
      expect(await statusOf(ann, ben)).toEqual(there("away"));
      await leave(server, ben, own);
      clock.advance(graceMs);
      expect((await statusOf(ann, ben)).status).toBe("offline");
      await ben.connect();
      expect(await statusOf(ann, ben)).toEqual(there("away"));
      expect((await ben.http("GET", "/users/me")).as(me).status).toBe("away");
    });

    test("invisible is offline to all others, and moves no last seen", async () => {
      const watcher = await ann.connect();
      await look(watcher, ben);
      const own = await ben.connect();
      expect((await watcher.next("user_status_changed")).payload.status).toBe("online");
      clock.advance(20_000);
      const hiddenAt = new Date(clock.now()).toISOString();
      await choose(ben, "invisible");
      const seen = { status: "offline", last_seen_at: hiddenAt } as const;
      expect((await watcher.next("user_status_changed")).payload).toEqual({ user_id: ben.id, ...seen });
      clock.advance(20_000);
      expect(await statusOf(ann, ben)).toEqual(seen);
      expect(await onlineNames(ann)).toEqual(["ann"]);
      await leave(server, ben, own);
      clock.advance(graceMs);
      expect(await statusOf(ann, ben)).toEqual(seen);
      await ben.connect();
      clock.advance(tellEveryMs);
      await watcher.fence();
      expect(watcher.seen("user_status_changed")).toHaveLength(2);
      expect(await statusOf(ann, ben)).toEqual(seen);
      // Oneself one sees.
      expect((await statusOf(ben, ben)).status).toBe("invisible");
    });

    test("refuses what is none", async () => {
      expect((await choose(ben, "offline")).outcome).toBe("422 VALIDATION_ERROR");
      expect((await request(server, "PUT", "/users/me/status", { status: "busy" })).outcome).toBe(
        "401 UNAUTHENTICATED",
      );
      const socket = await ben.connect();
      expect((await socket.refused("set_status", { status: "offline" })).code).toBe("VALIDATION_ERROR");
      expect((await socket.refused("set_status", { status: "busy", auto: true })).code).toBe("VALIDATION_ERROR");
    });

    test("somebody is away by themselves when nobody is at any of their devices", async () => {
      const [phone, desk] = [await ben.connect(), await ben.connect()];
      await phone.request("set_status", { status: "away", auto: true });
      expect(await statusOf(ann, ben)).toEqual(there("online"));
      await desk.request("set_status", { status: "away", auto: true });
      await desk.request("set_status", { status: "away", auto: true });
      expect(await statusOf(ann, ben)).toEqual(there("away"));
      expect((await ben.http("GET", "/users/me")).as(me).status).toBe("online");
      await phone.request("set_status", { status: "online", auto: true });
      expect(await statusOf(ann, ben)).toEqual(there("online"));
      await leave(server, ben, phone);
      expect(await statusOf(ann, ben)).toEqual(there("away"));
      // Busy and invisible are choices: idling does not end them.
      await choose(ben, "busy");
      expect(await statusOf(ann, ben)).toEqual(there("busy"));
      // Who chooses is at the device.
      await desk.request("set_status", { status: "online" });
      expect(await statusOf(ann, ben)).toEqual(there("online"));
    });
  });

  describe("watching", () => {
    test("gives how people are, then what changes, until other people are watched", async () => {
      const socket = await ann.connect();
      const none = "01900000-0000-7000-8000-000000000000";
      const answer = await socket.request("watch_presence", { user_ids: [ben.id, ann.id, none, "x"] });
      expect(answer.type === "presence" && answer.payload.users.map(({ status }) => status).sort()).toEqual([
        "offline",
        "online",
      ]);
      await ben.connect();
      expect((await socket.next("user_status_changed")).payload).toEqual({ user_id: ben.id, ...there("online") });
      expect(await look(socket, cleo)).toEqual([{ user_id: cleo.id, ...unseen }]);
      await choose(ben, "busy");
      await cleo.connect();
      await socket.next("user_status_changed", ({ user_id }) => user_id === cleo.id);
      expect(await look(socket)).toEqual([]);
      clock.advance(tellEveryMs);
      await choose(cleo, "busy");
      await socket.fence();
      expect(socket.seen("user_status_changed")).toHaveLength(2);
    });

    test("is for people, of at most 500", async () => {
      const guest = await guestSocket(server);
      expect((await guest.refused("watch_presence", { user_ids: [ben.id] })).code).toBe("UNAUTHENTICATED");
      expect((await guest.refused("set_status", { status: "busy" })).code).toBe("UNAUTHENTICATED");
      const socket = await ann.connect();
      const many = Array.from({ length: 501 }, () => ben.id);
      expect((await socket.refused("watch_presence", { user_ids: many })).code).toBe("VALIDATION_ERROR");
    });

    test("tells at most once a second, the last of what happened, and nothing where nothing has changed", async () => {
      const socket = await ann.connect();
      await look(socket, ben);
      await ben.connect();
      await socket.next("user_status_changed");
      for (const status of ["busy", "away", "busy", "invisible", "away"]) await choose(ben, status);
      await socket.fence();
      expect(socket.seen("user_status_changed")).toHaveLength(1);
      clock.advance(tellEveryMs);
      expect((await socket.next("user_status_changed")).payload.status).toBe("away");
      await choose(ben, "busy");
      await choose(ben, "away");
      clock.advance(10 * tellEveryMs);
      await socket.fence();
      expect(socket.seen("user_status_changed")).toHaveLength(2);
      // Unless somebody has looked in between, who would be left with it.
      await choose(ben, "online");
      expect((await socket.next("user_status_changed")).payload.status).toBe("online");
      await choose(ben, "busy");
      expect(await look(socket, ben)).toEqual([{ user_id: ben.id, ...there("busy") }]);
      await choose(ben, "online");
      clock.advance(10 * tellEveryMs);
      expect((await socket.next("user_status_changed")).payload.status).toBe("online");
    });

    test("friends and direct partners are watched from the beginning", async () => {
      const { db } = server.context;
      const { friendships } = db.tables;
      const [annKey, benKey] = [await keyOf(ann), await keyOf(ben)];
      const created_at = clock.now();
      await db.write(async (tx) => {
        await tx.insert(friendships).values([
          { user_key: annKey, friend_key: benKey, created_at },
          { user_key: benKey, friend_key: annKey, created_at },
        ]);
      });
      await cleo.http("POST", `/direct-messages/${ann.id}`, { content: "hello" });
      await ben.connect();
      const socket = await ann.connect({ early: true });
      const { presence: near } = (await socket.ready()).payload;
      expect(near.toSorted((a, b) => a.user_id.localeCompare(b.user_id))).toEqual(
        [
          { user_id: ben.id, ...there("online") },
          { user_id: cleo.id, ...unseen },
        ].toSorted((a, b) => a.user_id.localeCompare(b.user_id)),
      );
      await cleo.connect();
      expect((await socket.next("user_status_changed")).payload).toEqual({ user_id: cleo.id, ...there("online") });
    });
  });

  test("a block hides each from the other, at once and for as long as it lasts", async () => {
    const { context } = server;
    const { blocks } = context.db.tables;
    const [annKey, benKey] = [await keyOf(ann), await keyOf(ben)];
    const sockets = { ann: await ann.connect(), ben: await ben.connect(), cleo: await cleo.connect() };
    expect(await look(sockets.ann, ben)).toEqual([{ user_id: ben.id, ...there("online") }]);
    expect(await look(sockets.ben, ann)).toEqual([{ user_id: ann.id, ...there("online") }]);
    await look(sockets.cleo, ann, ben);

    await context.db.write((tx) =>
      tx.insert(blocks).values({ user_key: annKey, blocked_key: benKey, created_at: clock.now() }),
    );
    forgetBlocks(context, [annKey, benKey]);
    retellPresence(context, annKey, benKey);
    expect((await sockets.ann.next("user_status_changed")).payload).toEqual({ user_id: ben.id, ...unseen });
    expect((await sockets.ben.next("user_status_changed")).payload).toEqual({ user_id: ann.id, ...unseen });
    for (const [viewer, whom] of [
      [ann, ben],
      [ben, ann],
    ] as const) {
      expect(await statusOf(viewer, whom)).toEqual(unseen);
      expect(await onlineNames(viewer)).not.toContain(whom.username);
    }
    expect(await look(sockets.ben, ann)).toEqual([{ user_id: ann.id, ...unseen }]);
    await choose(ann, "busy");
    await choose(ben, "busy");
    clock.advance(tellEveryMs);
    await sockets.cleo.next("user_status_changed", ({ user_id, status }) => user_id === ann.id && status === "busy");
    await Promise.all([sockets.ann.fence(), sockets.ben.fence()]);
    expect(sockets.ann.seen("user_status_changed")).toHaveLength(1);
    expect(sockets.ben.seen("user_status_changed")).toHaveLength(1);

    await context.db.write((tx) => tx.delete(blocks).where(eq(blocks.user_key, annKey)));
    forgetBlocks(context, [annKey, benKey]);
    retellPresence(context, annKey, benKey);
    expect((await sockets.ann.next("user_status_changed")).payload).toEqual({ user_id: ben.id, ...there("busy") });
    expect((await sockets.ben.next("user_status_changed")).payload).toEqual({ user_id: ann.id, ...there("busy") });
  });

  describe("lists", () => {
    test("members carry their status, and the count of those who are there", async () => {
      const { id } = (
        await ann.http("POST", "/rooms", { name: "room", type: "public", member_ids: [ben.id, cleo.id] })
      ).as(room);
      await ben.connect();
      await cleo.connect();
      await choose(cleo, "invisible");
      const answer = await ann.http("GET", `/rooms/${id}/members`);
      const statuses = answer.as(z.array(member)).map(({ username, status }) => [username, status]);
      expect(Object.fromEntries(statuses)).toEqual({ ann: "offline", ben: "online", cleo: "offline" });
      expect(answer.meta.online_count).toBe(1);
      const lobby = (await ann.http("GET", "/rooms?type=joined")).as(z.array(room)).find((each) => each.is_lobby);
      expect((await ann.http("GET", `/rooms/${lobby?.id}/members`)).meta.online_count).toBe(1);
      expect((await request(server, "GET", `/rooms/${id}/members`)).meta.online_count).toBe(1);
    });

    test("people online, in all or in a room, page by page", async () => {
      const { id } = (await ann.http("POST", "/rooms", { name: "club", type: "private", member_ids: [ben.id] })).as(
        room,
      );
      for (const who of [cleo, ben, ann]) await who.connect();
      expect(await onlineNames(ann)).toEqual(["ann", "ben", "cleo"]);
      expect(await onlineNames(ann, `?room_id=${id}`)).toEqual(["ann", "ben"]);
      const answer = await ann.http("GET", "/users/online?page=2&per_page=2");
      expect(answer.meta).toEqual({ page: 2, per_page: 2, total: 3, has_more: false });
      expect(await onlineNames(ann, "?page=2&per_page=2")).toEqual(["cleo"]);
      expect((await cleo.http("GET", `/users/online?room_id=${id}`)).outcome).toBe("404 ROOM_NOT_FOUND");
      expect((await ann.http("GET", "/users/online?page=0")).outcome).toBe("422 VALIDATION_ERROR");
      expect((await request(server, "GET", "/users/online")).outcome).toBe("401 UNAUTHENTICATED");
    });
  });

  test("friends who are there hear who came, once in ten minutes, and nothing of somebody invisible", async () => {
    const made = await ann.http("POST", "/friends/requests", { user_id: ben.id });
    const { id } = made.as(friendRequest);
    await ben.http("POST", `/friends/requests/${id}/accept`);
    const [own, stranger] = [await ann.connect(), await cleo.connect()];
    const heard = async () => {
      // They are gathered for a moment.
      clock.advance(1_000);
      await server.context.jobs.stop();
      await Promise.all([own.fence(), stranger.fence()]);
      expect(stranger.seen("notification")).toEqual([]);
      return own.seen("notification").filter(({ kind }) => kind === "friend_online");
    };
    await choose(ben, "invisible");
    const socket = await ben.connect();
    expect(await heard()).toEqual([]);
    await choose(ben, "online");
    clock.advance(1_000);
    const { payload } = await own.next("notification", ({ kind }) => kind === "friend_online");
    expect(payload).toMatchObject({ actor: { id: ben.id, username: "ben" }, room_id: null, read_at: null });
    await leave(server, ben, socket);
    await ben.connect();
    expect(await heard()).toHaveLength(1);
    clock.advance(20_000);
    await choose(ben, "invisible");
    await choose(ben, "online");
    expect(await heard()).toHaveLength(1);
    const listed = await ann.http("GET", "/notifications");
    expect(listed.as(z.array(notification)).map(({ kind }) => kind)).not.toContain("friend_online");
  });

  test("who comes back with the server is not told of as somebody who came", async () => {
    const came: string[] = [];
    const { context } = server;
    context.happenings.on("came_online", ({ userId }) => void came.push(userId));
    const { users } = context.db.tables;
    const seenAt = async (who: Person, ms: number) =>
      context.db.write((tx) =>
        tx
          .update(users)
          .set({ last_seen_at: clock.now() - ms })
          .where(eq(users.id, who.id)),
      );
    await seenAt(ann, 1_000);
    await seenAt(ben, 3_600_000);
    await ann.connect();
    await ben.connect();
    await cleo.connect();
    expect(came).toEqual([ben.id, cleo.id]);
  });
});
