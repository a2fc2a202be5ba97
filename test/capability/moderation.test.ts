import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { ban, message } from "../../src/protocol/models.ts";
import { purgeMessages } from "../../src/server/messages/purge.ts";
import { systemClock } from "../../src/server/platform/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import { request, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, lobbyOf, makeRoom, membersOf, official, readRoom, standing } from "./rooms-cast.ts";

const minute = 60_000;
const nobody = "018f0000-0000-7000-8000-000000000000";

forEachDialect((dialect) => {
  let server: TestServer;
  let aheadMs = 0;
  beforeAll(async () => {
    server = await startServer({ dialect, clock: { ...systemClock, now: () => Date.now() + aheadMs } });
  });
  afterAll(() => server.stop());

  const inFuture = (ms: number) => new Date(Date.now() + aheadMs + ms).toISOString();
  const say = async (who: Person, roomId: string, content: string, temp_id?: string) =>
    who.http("POST", `/rooms/${roomId}/messages`, { content, ...(temp_id !== undefined && { temp_id }) });
  const mute = (who: Person, roomId: string, whom: { id: string }, muted_until: string | null) =>
    who.http("PATCH", `/rooms/${roomId}/members/${whom.id}`, { muted_until });
  const putBan = (who: Person, roomId: string, whom: { id: string }, body: object = {}) =>
    who.http("PUT", `/rooms/${roomId}/bans/${whom.id}`, body);
  const unban = (who: Person, roomId: string, whom: { id: string }) =>
    who.http("DELETE", `/rooms/${roomId}/bans/${whom.id}`);

  describe("muting", () => {
    test("takes the voice at once on open sockets, says until when, and ends by itself", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id, rev } = await makeRoom(ann, { members: [ben] });
      const [sees, speaks] = [await ann.connect(), await ben.connect()];
      await speaks.say(id, "before");
      const until = inFuture(10 * minute);
      expect((await mute(ann, id, ben, until)).data).toMatchObject({ user_id: ben.id, muted_until: until });
      for (const socket of [sees, speaks]) {
        const { payload } = await socket.next("member_updated");
        expect(payload).toMatchObject({ room_id: id, rev: rev + 2, member: { user_id: ben.id, muted_until: until } });
      }
      await sees.next("new_message");
      expect((await sees.next("new_message")).payload.system).toMatchObject({
        kind: "member_muted",
        actor: { id: ann.id },
        target: { id: ben.id },
        value: until,
      });
      const refused = await speaks.request("send_message", { room_id: id, content: "now?", temp_id: "muted" });
      expect(refused.payload).toMatchObject({
        code: "MUTED",
        temp_id: "muted",
        details: [{ field: "muted_until", message: until }],
      });
      expect((await speaks.refused("typing", { room_id: id, is_typing: true })).code).toBe("MUTED");
      expect((await say(ben, id, "over HTTP?")).outcome).toBe("403 MUTED");
      expect((await ben.http("GET", `/rooms/${id}/messages`)).outcome).toBe("200");
      const { payload } = await (await ben.connect({ early: true })).ready();
      expect(payload.rooms.find((room) => room.id === id)?.muted_until).toBe(until);
      aheadMs += 11 * minute;
      expect((await say(ben, id, "again")).outcome).toBe("201");
    });

    test("is ended by who may begin it; what is as asked already is no change", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const until = inFuture(10 * minute);
      await mute(ann, id, ben, until);
      const { rev } = await readRoom(ann, id);
      expect((await mute(ann, id, ben, until)).outcome).toBe("200");
      expect((await readRoom(ann, id)).rev).toBe(rev);
      expect((await mute(ann, id, ben, null)).data).toMatchObject({ muted_until: null });
      expect((await say(ben, id, "thanks")).outcome).toBe("201");
      const { rev: after } = await readRoom(ann, id);
      await mute(ann, id, ben, null);
      expect((await readRoom(ann, id)).rev).toBe(after);
    });

    test("is the owner's, admins' and moderators'; the owner and whoever keeps order are out of reach", async () => {
      const { ann, ben, cas, dan, eve } = await cast(server, "ann", "ben", "cas", "dan", "eve");
      const moderator = await official(server, "moderator");
      const administrator = await official(server, "admin");
      const { id } = await makeRoom(ann, { members: [ben, cas, dan, moderator, administrator] });
      for (const { id: userId } of [ben, cas]) {
        await ann.http("PATCH", `/rooms/${id}/members/${userId}`, { role: "admin" });
      }
      const until = inFuture(minute);
      const tries: [Person, { id: string }, string][] = [
        [dan, cas, "403 FORBIDDEN"],
        [dan, dan, "403 FORBIDDEN"],
        [eve, dan, "403 FORBIDDEN"],
        [ben, ann, "403 FORBIDDEN"],
        [ben, cas, "403 FORBIDDEN"],
        [ben, ben, "403 FORBIDDEN"],
        [ann, ann, "403 FORBIDDEN"],
        [ann, moderator, "403 FORBIDDEN"],
        [moderator, administrator, "403 FORBIDDEN"],
        [moderator, ann, "403 FORBIDDEN"],
        [administrator, moderator, "200"],
        [ben, dan, "200"],
        [ann, cas, "200"],
        [moderator, ben, "200"],
        [ann, eve, "404 USER_NOT_FOUND"],
        [ann, { id: nobody }, "404 USER_NOT_FOUND"],
        [ann, { id: "x" }, "404 USER_NOT_FOUND"],
      ];
      for (const [index, [who, whom, outcome]] of tries.entries()) {
        expect({ index, outcome: (await mute(who, id, whom, until)).outcome }).toEqual({ index, outcome });
      }
      expect((await mute(ann, id, dan, new Date(Date.now() + aheadMs - 1).toISOString())).outcome).toBe(
        "422 VALIDATION_ERROR",
      );
    });

    test("stays with who leaves and comes back", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      await mute(ann, id, ben, inFuture(minute));
      await ben.http("POST", `/rooms/${id}/leave`);
      await ben.http("POST", `/rooms/${id}/join`);
      expect((await say(ben, id, "I am back")).outcome).toBe("403 MUTED");
    });

    test("in the lobby is the moderators', for who has never been heard of there too", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const moderator = await official(server, "moderator");
      const lobby = await lobbyOf(ann);
      const socket = await ben.connect();
      expect((await mute(ann, lobby.id, ben, inFuture(minute))).outcome).toBe("403 FORBIDDEN");
      const until = inFuture(minute);
      expect((await mute(moderator, lobby.id, ben, until)).data).toMatchObject({ role: "member", muted_until: until });
      expect((await socket.next("member_updated")).payload).toMatchObject({ member: { muted_until: until } });
      expect((await say(ben, lobby.id, "psst")).outcome).toBe("403 MUTED");
      expect((await say(ann, lobby.id, "hello")).outcome).toBe("201");
      expect((await lobbyOf(ben)).muted_until).toBe(until);
      const listed = await ann.http("GET", `/rooms/${lobby.id}/members?search=${ben.username}`);
      expect(listed.data).toMatchObject([{ user_id: ben.id, muted_until: until }]);
      const changes = await ben.http("GET", `/rooms/${lobby.id}/changes?since_rev=${lobby.rev}`);
      expect(changes.data).toMatchObject({ members: [{ user_id: ben.id, muted_until: until }] });
      expect((await mute(moderator, lobby.id, ben, null)).outcome).toBe("200");
      expect((await say(ben, lobby.id, "thanks")).outcome).toBe("201");
      const promoted = await moderator.http("PATCH", `/rooms/${lobby.id}/members/${ben.id}`, { role: "admin" });
      expect(promoted.outcome).toBe("403 FORBIDDEN");
    });
  });

  describe("banning", () => {
    test("puts out at once, keeps out of a public room, and ends by itself or by who may begin it", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id, rev } = await makeRoom(ann, { members: [ben, cas] });
      const [stays, goes] = [await cas.connect(), await ben.connect()];
      const answer = await putBan(ann, id, ben, { reason: "spam", until: inFuture(10 * minute) });
      expect(answer.as(ban)).toMatchObject({ user: { id: ben.id }, by: { id: ann.id }, reason: "spam" });
      for (const socket of [stays, goes]) {
        const { payload } = await socket.next("user_left");
        expect(payload).toEqual({ room_id: id, user_id: ben.id, reason: "banned", rev: rev + 1 });
      }
      expect((await goes.next("room_removed")).payload).toEqual({ room_id: id, reason: "banned" });
      expect((await stays.next("new_message")).payload.system).toMatchObject({ kind: "member_banned" });
      await say(ann, id, "among ourselves");
      await stays.next("new_message");
      await goes.fence();
      expect(goes.seen("new_message").map(({ content }) => content)).not.toContain("among ourselves");
      for (const outcome of [
        (await ben.http("POST", `/rooms/${id}/join`)).outcome,
        (await say(ben, id, "let me in")).outcome,
      ]) {
        expect(outcome).toBe("403 BANNED");
      }
      expect((await goes.refused("join_room", { room_id: id })).code).toBe("BANNED");
      expect((await goes.refused("typing", { room_id: id, is_typing: true })).code).toBe("BANNED");
      // A public room stays as readable as to anybody.
      expect((await ben.http("GET", `/rooms/${id}/messages`)).outcome).toBe("200");
      const added = await ann.http("POST", `/rooms/${id}/members`, { user_ids: [ben.id] });
      expect(added.data).toMatchObject({ added: [], skipped: [ben.id] });
      const listed = (await ann.http("GET", `/rooms/${id}/bans`)).as(z.array(ban));
      expect(listed.map(({ user }) => user.id)).toEqual([ben.id]);
      aheadMs += 11 * minute;
      expect((await ann.http("GET", `/rooms/${id}/bans`)).data).toEqual([]);
      expect((await unban(ann, id, ben)).outcome).toBe("404 USER_NOT_FOUND");
      expect((await ben.http("POST", `/rooms/${id}/join`)).outcome).toBe("200");

      await putBan(ann, id, ben);
      expect((await ben.http("POST", `/rooms/${id}/join`)).outcome).toBe("403 BANNED");
      expect((await unban(ann, id, ben)).outcome).toBe("200");
      expect((await ben.http("POST", `/rooms/${id}/join`)).outcome).toBe("200");
      expect(await standing(ann, id)).toBe("ann:owner, ben:member, cas:member");
    });

    test("a private room is as one that does not exist", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { type: "private", members: [ben] });
      await putBan(ann, id, ben);
      const answers = [
        await ben.http("GET", `/rooms/${id}`),
        await say(ben, id, "hello?"),
        await ben.http("POST", `/rooms/${id}/join`),
      ];
      for (const { outcome } of answers) expect(outcome).toBe("404 ROOM_NOT_FOUND");
    });

    test("reaches who is no member, but never the owner, oneself, other admins or who keeps order", async () => {
      const { ann, ben, cas, dan, eve } = await cast(server, "ann", "ben", "cas", "dan", "eve");
      const moderator = await official(server, "moderator");
      const { id, rev } = await makeRoom(ann, { members: [ben, cas, dan] });
      for (const { id: userId } of [ben, cas]) {
        await ann.http("PATCH", `/rooms/${id}/members/${userId}`, { role: "admin" });
      }
      const tries: [Person, { id: string }, string][] = [
        [dan, eve, "403 FORBIDDEN"],
        [eve, dan, "403 FORBIDDEN"],
        [ben, ann, "403 FORBIDDEN"],
        [ben, ben, "403 FORBIDDEN"],
        [ben, cas, "403 FORBIDDEN"],
        [ann, ann, "403 FORBIDDEN"],
        [ann, moderator, "403 FORBIDDEN"],
        [moderator, moderator, "403 FORBIDDEN"],
        [moderator, ann, "403 FORBIDDEN"],
        [ann, { id: nobody }, "404 USER_NOT_FOUND"],
        [ann, { id: "%00" }, "404 USER_NOT_FOUND"],
        [ben, eve, "200"],
      ];
      for (const [index, [who, whom, outcome]] of tries.entries()) {
        expect({ index, outcome: (await putBan(who, id, whom)).outcome }).toEqual({ index, outcome });
      }
      // Of somebody who was not there nothing is told.
      expect((await readRoom(ann, id)).rev).toBe(rev + 2);
      expect((await eve.http("POST", `/rooms/${id}/join`)).outcome).toBe("403 BANNED");
      expect((await dan.http("GET", `/rooms/${id}/bans`)).outcome).toBe("403 FORBIDDEN");
      expect((await unban(dan, id, eve)).outcome).toBe("403 FORBIDDEN");
      expect((await putBan(ann, id, cas, { until: inFuture(-minute) })).outcome).toBe("422 VALIDATION_ERROR");
      expect(await standing(ann, id)).toBe("ann:owner, ben:admin, cas:admin, dan:member");
    });

    test("from the lobby leaves one the reading", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const moderator = await official(server, "moderator");
      const lobby = await lobbyOf(ann);
      const socket = await ben.connect();
      expect((await putBan(moderator, lobby.id, ben, { reason: "spam" })).outcome).toBe("200");
      expect((await socket.next("member_updated")).payload.member.muted_until).toMatch(/^9999-/);
      expect((await say(ben, lobby.id, "psst")).outcome).toBe("403 BANNED");
      expect((await socket.refused("typing", { room_id: lobby.id, is_typing: true })).code).toBe("BANNED");
      await say(ann, lobby.id, "hello");
      const heard = await socket.next("new_message", ({ content }) => content === "hello");
      expect(heard.payload.content).toBe("hello");
      expect((await ben.http("GET", `/rooms/${lobby.id}/messages`)).outcome).toBe("200");
      expect((await unban(moderator, lobby.id, ben)).outcome).toBe("200");
      expect((await say(ben, lobby.id, "thanks")).outcome).toBe("201");
      expect((await lobbyOf(ben)).muted_until).toBeNull();
    });

    test("with a purge deletes what they wrote, for those too who were away; nobody else's, and nothing later", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      const [writes, sees] = [await ben.connect(), await cas.connect()];
      const long = 520;
      const acks = await Promise.all(Array.from({ length: long }, (_, index) => writes.say(id, `spam ${index}`)));
      await say(cas, id, "please stop");
      const { rev } = await readRoom(ann, id);
      expect((await putBan(ann, id, ben, { purge: true })).outcome).toBe("200");
      const revs = new Set<number>();
      const left = new Set(acks.map(({ id: messageId }) => messageId));
      while (left.size > 0) {
        const { payload } = await sees.next("message_deleted");
        revs.add(payload.rev);
        left.delete(payload.id);
      }
      expect(revs.size).toBeLessThan(5);
      const history = (await ann.http("GET", `/rooms/${id}/messages?limit=100`)).as(z.array(message));
      expect(history.filter(({ type, is_deleted }) => type === "text" && !is_deleted)).toMatchObject([
        { content: "please stop" },
      ]);
      expect(history.filter(({ is_deleted }) => is_deleted).every(({ content }) => content === "")).toBe(true);
      const changes = await cas.http("GET", `/rooms/${id}/changes?since_rev=${rev}&limit=500`);
      expect(JSON.stringify(changes.data)).not.toContain("spam");
      // Back again, they write as anybody does.
      await unban(ann, id, ben);
      await ben.http("POST", `/rooms/${id}/join`);
      await say(ben, id, "sorry");
      await purgeMessages(server.context);
      const [last] = (await ann.http("GET", `/rooms/${id}/messages?limit=1`)).as(z.array(message));
      expect(last).toMatchObject({ content: "sorry", is_deleted: false });
    });

    test("a purge goes on where a crash has left it", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      for (const content of ["one", "two", "three"]) await say(ben, id, content);
      const { message_purges, rooms, users } = server.context.db.tables;
      const { db } = server.context;
      const [room] = await db.read.select().from(rooms).where(eq(rooms.id, id));
      const [user] = await db.read.select().from(users).where(eq(users.id, ben.id));
      const left = { room_key: room?.key ?? 0, user_key: user?.key ?? 0, upto_seq: (room?.last_seq ?? 0) - 1 };
      await db.write(async (tx) => void (await tx.insert(message_purges).values(left)));
      await purgeMessages(server.context);
      const history = (await ann.http("GET", `/rooms/${id}/messages`)).as(z.array(message));
      expect(history.flatMap(({ content }) => content || [])).toEqual(["three"]);
      expect(await db.read.select().from(message_purges)).toEqual([]);
    });

    test("takes the links along that who is banned has made", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { type: "private", members: [ben] });
      await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
      const made = await ben.http("POST", `/rooms/${id}/invites`, {});
      const { code } = z.object({ code: z.string() }).parse(made.data);
      await putBan(ann, id, ben);
      expect((await cas.http("POST", `/invites/${code}/accept`)).outcome).toBe("404 INVITE_NOT_FOUND");
    });
  });

  describe("slow mode", () => {
    test("lets a member write once in so many seconds, over all devices; who runs the room as they like", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const { id } = await makeRoom(ann, { members: [ben, cas] });
      await ann.http("PATCH", `/rooms/${id}/members/${cas.id}`, { role: "admin" });
      const socket = await ben.connect();
      const changed = await ann.http("PATCH", `/rooms/${id}`, { slow_mode_s: 30 });
      expect(changed.data).toMatchObject({ slow_mode_s: 30 });
      expect((await socket.next("room_updated")).payload.room.slow_mode_s).toBe(30);
      const line = await socket.next("new_message", ({ system }) => system !== undefined);
      expect(line.payload.system).toMatchObject({ kind: "slow_mode_changed", value: "30" });
      const first = (await say(ben, id, "one", "first")).as(message);
      const refused = await say(ben, id, "two");
      expect(refused.outcome).toBe("429 SLOW_MODE");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(25);
      expect(refused.error?.message).toMatch(/\b(29|30) s\b/);
      const elsewhere = await socket.request("send_message", { room_id: id, content: "three", temp_id: "t" });
      expect(elsewhere.payload).toMatchObject({ code: "SLOW_MODE", temp_id: "t" });
      // A retry of what was stored gets the original.
      const again = await say(ben, id, "one", "first");
      expect([again.outcome, again.as(message).id]).toEqual(["200", first.id]);
      for (const who of [ann, cas]) {
        for (let time = 0; time < 2; time++) expect((await say(who, id, "quick")).outcome).toBe("201");
      }
      aheadMs += 31_000;
      expect((await say(ben, id, "four")).outcome).toBe("201");
      // A retry of an older one, let pass, takes nothing.
      aheadMs += 31_000;
      expect((await say(ben, id, "one", "first")).outcome).toBe("200");
      expect((await say(ben, id, "five")).outcome).toBe("201");
      expect((await say(ben, id, "six")).outcome).toBe("429 SLOW_MODE");
      await ann.http("PATCH", `/rooms/${id}`, { slow_mode_s: 0 });
      expect((await say(ben, id, "seven")).outcome).toBe("201");
    });

    test("is remembered by the database where memory has forgotten, and counts what was written before it began", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      await say(ben, id, "one");
      await ann.http("PATCH", `/rooms/${id}`, { slow_mode_s: 60 });
      expect((await say(ben, id, "two")).outcome).toBe("429 SLOW_MODE");
      aheadMs += 61_000;
      const both = await Promise.all([say(ben, id, "three"), say(ben, id, "four")]);
      expect(both.map(({ outcome }) => outcome).sort()).toEqual(["201", "429 SLOW_MODE"]);
    });

    test("is set by who runs the room, within bounds", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      const set = async (who: Person, slow_mode_s: number) =>
        (await who.http("PATCH", `/rooms/${id}`, { slow_mode_s })).outcome;
      expect(await set(ben, 5)).toBe("403 FORBIDDEN");
      for (const wrong of [-1, 3_601, 1.5]) expect(await set(ann, wrong)).toBe("422 VALIDATION_ERROR");
      expect(await set(ann, 3_600)).toBe("200");
      const lobby = await lobbyOf(ann);
      expect((await ann.http("PATCH", `/rooms/${lobby.id}`, { slow_mode_s: 5 })).outcome).toBe("403 FORBIDDEN");
    });
  });

  describe("both at once", () => {
    test("a role and a muting in one request are one change", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id, rev } = await makeRoom(ann, { members: [ben] });
      const until = inFuture(minute);
      const answer = await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin", muted_until: until });
      expect(answer.data).toMatchObject({ role: "admin", muted_until: until });
      expect(await readRoom(ann, id)).toMatchObject({ rev: rev + 1, last_seq: 3 });
      const [, second] = await membersOf(ann, id);
      expect(second).toMatchObject({ role: "admin", muted_until: until });
      expect((await ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, {})).outcome).toBe("422 VALIDATION_ERROR");
    });

    test("who is not signed in is told so", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      for (const [method, path] of [
        ["GET", `/rooms/${id}/bans`],
        ["PUT", `/rooms/${id}/bans/${ben.id}`],
        ["DELETE", `/rooms/${id}/bans/${ben.id}`],
        ["POST", `/rooms/${id}/invites`],
        ["GET", `/rooms/${id}/invites`],
        ["GET", "/invites/x"],
        ["POST", "/invites/x/accept"],
      ] as const) {
        expect({ path, outcome: (await request(server, method, path)).outcome }).toEqual({
          path,
          outcome: "401 UNAUTHENTICATED",
        });
      }
    });
  });
});
