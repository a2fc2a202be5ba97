import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { count, eq } from "drizzle-orm";
import { z } from "zod";
import { room } from "../../src/protocol/models.ts";
import { setDisabled } from "../../src/server/accounts/manage.ts";
import { leaveAllRooms } from "../../src/server/rooms/leave-all.ts";
import { ensureLobby } from "../../src/server/rooms/lobby.ts";
import { purgeDeletedRooms } from "../../src/server/rooms/purge.ts";
import { systemClock } from "../../src/server/platform/clock.ts";
import { until } from "../support/deferred.ts";
import { forEachDialect } from "../support/dialects.ts";
import { guestSocket, request } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, lobbyOf, makeRoom, official, readRoom, standing } from "./rooms-cast.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  let aheadMs = 0;
  beforeAll(async () => {
    server = await startServer({ dialect, clock: { ...systemClock, now: () => Date.now() + aheadMs } });
  });
  afterAll(() => server.stop());

  describe("the lobby", () => {
    test("is there from the first start, once, also when it is made twice at the same time", async () => {
      await Promise.all([ensureLobby(server.context), ensureLobby(server.context)]);
      const rooms = (await request(server, "GET", "/rooms")).as(z.array(room));
      expect(rooms.filter(({ is_lobby }) => is_lobby)).toMatchObject([
        { type: "public", owner: null, created_by: null, max_members: null },
      ]);
    });

    test("has all enabled accounts as members, without joining", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const lobby = await lobbyOf(ann);
      expect(lobby).toMatchObject({ my_role: "member", unread_count: 0 });
      const members = () => ann.http("GET", `/rooms/${lobby.id}/members?search=${ben.username}`);
      expect((await members()).data).toMatchObject([{ user_id: ben.id, role: "member", status: "offline" }]);
      await setDisabled(server.context, ben.username, true);
      expect((await members()).data).toEqual([]);
      const { users } = server.context.db.tables;
      const { total = 0 } = (await server.context.db.read.select({ total: count() }).from(users))[0] ?? {};
      const everybody = await until(
        async () => (await readRoom(ann, lobby.id)).member_count === total - 1,
        "the count without who is disabled",
      );
      expect(everybody).toBe(true);
      const page = () => ann.http("GET", `/rooms/${lobby.id}/members?per_page=1`);
      expect(await until(async () => (await page()).meta?.total === total - 1, "that count in a page")).toBe(true);
      expect((await page()).meta).toMatchObject({ has_more: total - 1 > 1 });
    });

    test("is joined by everybody already, and by a guest to watch; nobody leaves it, deletes it or is put out", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const administrator = await official(server, "admin");
      const { id, rev } = await lobbyOf(ann);
      const joined = await ann.http("POST", `/rooms/${id}/join`);
      expect(joined.data).toEqual({ room_id: id, joined_at: expect.any(String), role: "member" });
      const guest = await guestSocket(server);
      await guest.ack("join_room", { room_id: id });
      const socket = await ann.connect();
      await socket.ack("join_room", { room_id: id });
      for (const who of [ann, administrator]) {
        expect((await who.http("POST", `/rooms/${id}/leave`)).outcome).toBe("403 FORBIDDEN");
        expect((await who.http("DELETE", `/rooms/${id}`)).outcome).toBe("403 FORBIDDEN");
        expect((await who.http("DELETE", `/rooms/${id}/members/${ben.id}`)).outcome).toBe("403 FORBIDDEN");
        expect((await who.http("POST", `/rooms/${id}/members`, { user_ids: [ben.id] })).outcome).toBe("403 FORBIDDEN");
        const role = await who.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" });
        expect(role.outcome).toBe("403 FORBIDDEN");
        expect((await who.http("POST", `/rooms/${id}/transfer`, { user_id: ben.id })).outcome).toBe("403 FORBIDDEN");
      }
      expect((await socket.request("leave_room", { room_id: id })).payload).toMatchObject({ code: "FORBIDDEN" });
      expect((await readRoom(ann, id)).rev).toBe(rev);
      await socket.say(id, "hello, everybody");
      expect((await guest.next("new_message")).payload.content).toBe("hello, everybody");
    });

    test("is named by administrators and moderators, and stays public and without a limit", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await lobbyOf(ann);
      for (const who of [await official(server, "admin"), await official(server, "moderator")]) {
        const answer = await who.http("PATCH", `/rooms/${id}`, { name: "Entrance", description: who.username });
        expect(answer.data).toMatchObject({ name: "Entrance", description: who.username, is_lobby: true });
        expect((await who.http("PATCH", `/rooms/${id}`, { type: "private" })).outcome).toBe("403 FORBIDDEN");
        expect((await who.http("PATCH", `/rooms/${id}`, { max_members: 5 })).outcome).toBe("403 FORBIDDEN");
      }
      expect((await ann.http("PATCH", `/rooms/${id}`, { name: "mine" })).outcome).toBe("403 FORBIDDEN");
    });

    test("counts as unread only what came after one's account", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await lobbyOf(ann);
      await ann.http("POST", `/rooms/${id}/messages`, { content: "before ben" });
      const { ben } = await cast(server, "ben");
      expect(await lobbyOf(ben)).toMatchObject({ unread_count: 0 });
      await ann.http("POST", `/rooms/${id}/messages`, { content: "after ben" });
      expect(await lobbyOf(ben)).toMatchObject({ unread_count: 1 });
    });
  });

  test("a deleted account is out of its rooms, and a room that it owned alone is gone", async () => {
    const { ann, ben } = await cast(server, "ann", "ben");
    const shared = await makeRoom(ann, { members: [ben] });
    const alone = await makeRoom(ben);
    const deleted = await ben.http("DELETE", "/users/me", { password: ben.password });
    expect(deleted.error).toBeUndefined();
    expect(await standing(ann, shared.id)).toBe("ann:owner");
    expect(await readRoom(ann, shared.id)).toMatchObject({ member_count: 1, rev: shared.rev + 1 });
    expect((await ann.http("GET", `/rooms/${alone.id}`)).outcome).toBe("404 ROOM_NOT_FOUND");
  });

  test("somebody who came into a room while its owner deleted the account owns it then", async () => {
    const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
    const { id } = await makeRoom(ann, { members: [ben, cas] });
    await ann.http("PATCH", `/rooms/${id}/members/${cas.id}`, { role: "admin" });
    const [row] = await server.context.db.read
      .select({ key: server.context.db.tables.users.key })
      .from(server.context.db.tables.users)
      .where(eq(server.context.db.tables.users.id, ann.id));
    await leaveAllRooms(server.context, row?.key ?? 0);
    await leaveAllRooms(server.context, row?.key ?? 0);
    expect(await standing(ben, id)).toBe("cas:owner, ben:member");
    expect((await readRoom(ben, id)).owner?.id).toBe(cas.id);
  });

  test("what is left of a deleted room goes in batches, after a while, and nothing else", async () => {
    const { ann } = await cast(server, "ann");
    const { db } = server.context;
    const { rooms, messages, members } = db.tables;
    const [kept, gone] = [await makeRoom(ann), await makeRoom(ann)];
    for (const { id } of [kept, gone]) await ann.http("POST", `/rooms/${id}/messages`, { content: "hello" });
    const key = async (id: string) =>
      (await db.read.select({ key: rooms.key }).from(rooms).where(eq(rooms.id, id)))[0]?.key ?? 0;
    const left = async (roomKey: number) => {
      const [lines] = await db.read.select({ total: count() }).from(messages).where(eq(messages.room_key, roomKey));
      const [people] = await db.read.select({ total: count() }).from(members).where(eq(members.room_key, roomKey));
      return [lines?.total, people?.total];
    };
    const fill = (room_key: number, lines: number) =>
      db.write(async (tx) => {
        const line = { room_key, sender_key: 1, type: "text" as const, content: "old", created_at: 0, sent_rev: 9 };
        for (let seq = 100; seq < 100 + lines; seq += 50) {
          const rows = Array.from({ length: 50 }, (_, index) => ({
            ...line,
            id: Bun.randomUUIDv7(),
            seq: seq + index,
          }));
          await tx.insert(messages).values(rows);
        }
      });
    const [keptKey, goneKey] = [await key(kept.id), await key(gone.id)];
    await fill(goneKey, 1_100);
    await ann.http("DELETE", `/rooms/${gone.id}`);
    await purgeDeletedRooms(server.context);
    expect(await left(goneKey)).toEqual([1_102, 1]);
    aheadMs = 61_000;
    await purgeDeletedRooms(server.context);
    expect(await left(goneKey)).toEqual([0, 0]);
    expect(await key(gone.id)).toBe(0);
    expect(await left(keptKey)).toEqual([2, 1]);
  });
});
