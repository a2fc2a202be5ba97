import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { room } from "../../src/protocol/models.ts";
import { forgetMemberships } from "../../src/server/rooms/membership.ts";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { rooms as directory } from "../../src/server/rooms/directory.ts";
import { ManualClock } from "../support/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import { guestSocket, people, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSocket } from "../support/socket.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  let clock: ManualClock;
  let ann: Person;
  let ben: Person;
  let cleo: Person;
  let roomId: string;
  let sockets: Record<"ann" | "ben" | "cleo", TestSocket>;

  beforeEach(async () => {
    clock = new ManualClock(Date.now());
    server = await startServer({ dialect, clock, env: { ROOM_MAX_MEMBERS: "1000" } });
    ({ ann, ben, cleo } = await people(server, "ann", "ben", "cleo"));
    const made = await ann.http("POST", "/rooms", { name: "room", type: "public", member_ids: [ben.id] });
    roomId = made.as(room).id;
    sockets = { ann: await ann.connect(), ben: await ben.connect(), cleo: await cleo.connect() };
  });
  afterEach(() => server.stop());

  /** Says so, and waits until the server has seen to it. */
  async function type(socket: TestSocket, is_typing: boolean, room_id = roomId): Promise<void> {
    socket.send({ type: "typing", payload: { room_id, is_typing } });
    await socket.fence();
  }

  async function heard(socket: TestSocket): Promise<boolean[]> {
    await socket.fence();
    return socket.seen("user_typing").map(({ is_typing }) => is_typing);
  }

  describe("typing", () => {
    test("is heard by who is in the room, and by nobody else; it is not answered", async () => {
      await type(sockets.ann, true);
      expect((await sockets.ben.next("user_typing")).payload).toEqual({
        room_id: roomId,
        user: { id: ann.id, display_name: "ann" },
        is_typing: true,
      });
      expect(await heard(sockets.cleo)).toEqual([]);
      expect(sockets.ann.seen("ack")).toEqual([]);
    });

    test("is passed on at most every two seconds; its end at once, where there is something to end", async () => {
      for (let i = 0; i < 5; i++) await type(sockets.ann, true);
      clock.advance(1_999);
      await type(sockets.ann, true);
      expect(await heard(sockets.ben)).toEqual([true]);
      clock.advance(1);
      await type(sockets.ann, true);
      expect(await heard(sockets.ben)).toEqual([true, true]);
      await type(sockets.ann, false);
      await type(sockets.ann, false);
      expect(await heard(sockets.ben)).toEqual([true, true, false]);
      // Stopping does not make room for more.
      await type(sockets.ann, true);
      await type(sockets.ann, false);
      expect(await heard(sockets.ben)).toEqual([true, true, false]);
      clock.advance(2_000);
      await type(sockets.ann, true);
      clock.advance(5_000);
      // Forgotten by now.
      await type(sockets.ann, false);
      expect(await heard(sockets.ben)).toEqual([true, true, false, true]);
    });

    test("is refused to who may not write: a guest, no member, somebody muted, in no room", async () => {
      const guest = await guestSocket(server);
      const payload = { room_id: roomId, is_typing: true };
      expect((await guest.refused("typing", payload)).code).toBe("UNAUTHENTICATED");
      expect((await sockets.cleo.refused("typing", payload)).code).toBe("FORBIDDEN");
      const nowhere = { room_id: "01900000-0000-7000-8000-000000000000", is_typing: true };
      expect((await sockets.ann.refused("typing", nowhere)).code).toBe("ROOM_NOT_FOUND");
      const { context } = server;
      const { members } = context.db.tables;
      const benKey = (await peopleOf(context).byId(ben.id))?.key ?? 0;
      const roomKey = (await directory(context).byId(roomId))?.key ?? 0;
      await context.db.write((tx) =>
        tx
          .update(members)
          .set({ muted_until: clock.now() + 60_000 })
          .where(eq(members.user_key, benKey)),
      );
      forgetMemberships(context, roomKey, [benKey]);
      expect((await sockets.ben.refused("typing", payload)).code).toBe("MUTED");
      expect(await heard(sockets.ann)).toEqual([]);
    });

    test("is not passed on in the lobby, nor in a room of more than 500", async () => {
      const joined = (await ann.http("GET", "/rooms?type=joined")).as(z.array(room));
      const lobby = joined.find(({ is_lobby }) => is_lobby)?.id ?? "";
      await type(sockets.ann, true, lobby);
      const { context } = server;
      const { rooms } = context.db.tables;
      const set = (member_count: number) =>
        context.db.write((tx) => tx.update(rooms).set({ member_count }).where(eq(rooms.id, roomId)));
      expect((await ann.http("PATCH", `/rooms/${roomId}`, { max_members: 1_000 })).outcome).toBe("200");
      await set(501);
      await type(sockets.ann, true);
      expect(await heard(sockets.ben)).toEqual([]);
      await set(500);
      await type(sockets.ann, true);
      expect(await heard(sockets.ben)).toEqual([true]);
    });

    test("is heard no more by who has left", async () => {
      await ben.http("POST", `/rooms/${roomId}/leave`);
      await sockets.ben.next("room_removed");
      await type(sockets.ann, true);
      expect(await heard(sockets.ben)).toEqual([]);
    });
  });
});
