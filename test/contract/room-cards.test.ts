import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { joinedRoom, type JoinedRoom } from "../../src/protocol/models.ts";
import type { Context } from "../../src/server/context.ts";
import { CacheRegistry } from "../../src/server/platform/cache/cache.ts";
import { systemClock } from "../../src/server/platform/clock.ts";
import { Jobs } from "../../src/server/platform/jobs/jobs.ts";
import { alwaysLeads } from "../../src/server/platform/jobs/leadership.ts";
import { rooms } from "../../src/server/rooms/directory.ts";
import { joinedRooms } from "../../src/server/rooms/joined.ts";
import { storeCursor } from "../../src/server/timeline/cursors.ts";
import { changeRoom } from "../../src/server/timeline/change-room.ts";
import { countUnread, readTails, unreadIn } from "../../src/server/timeline/unread.ts";
import { cast, makeRoom } from "../capability/rooms-cast.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { seeded } from "../support/random.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** How many accounts there are is known with a delay. */
const settled = (room: JoinedRoom): JoinedRoom => (room.is_lobby ? { ...room, member_count: 0 } : room);

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect, env: { RATE_LIMITS: "off" } });
  });
  afterAll(() => server.stop());

  const keyOf = async ({ id }: Person): Promise<number> => {
    const { users } = server.context.db.tables;
    const [row] = await server.context.db.read.select({ key: users.key }).from(users).where(eq(users.id, id));
    return row?.key ?? 0;
  };

  /** The same server without a memory: what it knows comes from the database. */
  const forgetful = (): Context => ({
    ...server.context,
    caches: new CacheRegistry(),
    jobs: new Jobs({ ...systemClock, every: () => () => {} }, server.context.log, alwaysLeads(server.context.metrics)),
  });

  /** Cursors go to the database once a second, or with one that has to be there at once. */
  const writeCursors = async (person: Person) => {
    const userKey = await keyOf(person);
    const lobby = await rooms(server.context).lobby();
    const own = (await joinedRooms(server.context, [userKey])).get(userKey)?.find(({ id }) => id === lobby.id);
    const { read_seq: readSeq } = joinedRoom.parse(JSON.parse(own?.text ?? ""));
    await storeCursor(server.context, { roomKey: lobby.key, userKey, readSeq });
  };

  const roomsOf = async (ctx: Context, person: Person) => {
    const key = await keyOf(person);
    const own = (await joinedRooms(ctx, [key])).get(key) ?? [];
    return own.map(({ text }) => settled(joinedRoom.parse(JSON.parse(text))));
  };

  describe("the rooms of `ready`, which are remembered", () => {
    test("are after every change what somebody without a memory would say", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id } = await makeRoom(ann, { name: "before", members: [ben] });
      const lobby = (await roomsOf(server.context, ann)).find(({ is_lobby }) => is_lobby);
      const say = (by: Person, content: string) => by.http("POST", `/rooms/${id}/messages`, { content });
      const lastOf = async (by: Person) => (await say(by, "read up to here")).data as { id: string };
      const changes: [string, () => Promise<unknown>][] = [
        ["a message", () => say(ann, "hello")],
        ["another's message", () => say(ben, "hello too")],
        ["a message in the lobby", () => cleo.http("POST", `/rooms/${lobby?.id}/messages`, { content: "hello all" })],
        ["a new name", () => ann.http("PATCH", `/rooms/${id}`, { name: "after" })],
        ["a new description", () => ann.http("PATCH", `/rooms/${id}`, { description: "what it is about" })],
        ["somebody joins", () => cleo.http("POST", `/rooms/${id}/join`)],
        ["somebody leaves", () => cleo.http("POST", `/rooms/${id}/leave`)],
        ["another role", () => ann.http("PATCH", `/rooms/${id}/members/${ben.id}`, { role: "admin" })],
        ["the sender of the last message is renamed", () => ann.http("PATCH", "/users/me", { display_name: "Ann A." })],
        [
          "somebody reads",
          async () => {
            const message = await lastOf(ann);
            return ben.http("POST", `/rooms/${id}/messages/read`, { last_read_message_id: message.id });
          },
        ],
        ["another owner", () => ann.http("POST", `/rooms/${id}/transfer`, { user_id: ben.id })],
        ["somebody is put out", () => ben.http("DELETE", `/rooms/${id}/members/${ann.id}`)],
        ["they are added again", () => ben.http("POST", `/rooms/${id}/members`, { user_ids: [ann.id] })],
        ["the owner is renamed", () => ben.http("PATCH", "/users/me", { display_name: "Ben B." })],
        ["the room is deleted", () => ben.http("DELETE", `/rooms/${id}`)],
      ];
      for (const [what, change] of changes) {
        // Both have asked before, so that there is something to remember.
        await Promise.all([roomsOf(server.context, ann), roomsOf(server.context, ben)]);
        await change();
        for (const person of [ann, ben]) {
          const known = await roomsOf(server.context, person);
          await writeCursors(person);
          expect({ what, rooms: known }).toEqual({ what, rooms: await roomsOf(forgetful(), person) });
        }
      }
    });

    test("are right where another node has made the change, and nobody was told", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await makeRoom(ann, { members: [ben] });
      await roomsOf(server.context, ann);
      const { db } = server.context;
      const [row] = await db.read.select().from(db.tables.rooms).where(eq(db.tables.rooms.id, id));
      await db.write(async (tx) => {
        await changeRoom(server.context, tx, row?.key ?? 0, {
          lines: [{ kind: "name_changed", actorKey: row?.owner_key ?? 0, value: "elsewhere" }],
        });
        await tx.update(db.tables.rooms).set({ name: "elsewhere" }).where(eq(db.tables.rooms.id, id));
      });
      const room = (await roomsOf(server.context, ann)).find((each) => each.id === id);
      expect(room).toMatchObject({ name: "elsewhere", last_message: { system: { value: "elsewhere" } } });
    });

    test("are the same letters as JSON would make of them, and those of the HTTP list", async () => {
      const { ann } = await cast(server, "ann");
      const { id } = await makeRoom(ann, { name: `quotes " and \\ and 麵` });
      await ann.http("POST", `/rooms/${id}/messages`, { content: 'line\n"two" 🥟' });
      const key = await keyOf(ann);
      const own = (await joinedRooms(server.context, [key])).get(key) ?? [];
      for (const { text } of own) expect(JSON.stringify(JSON.parse(text))).toBe(text);
      const listed = (await ann.http("GET", "/rooms?type=joined&per_page=100")).as(z.array(joinedRoom));
      expect(own.map(({ text }) => settled(joinedRoom.parse(JSON.parse(text))))).toEqual(listed.map(settled));
      const socket = await ann.connect({ early: true });
      expect((await socket.ready()).payload.rooms.map(settled)).toEqual(listed.map(settled));
      socket.close();
    });
  });

  describe("what is unread", () => {
    test("is counted in memory as the database counts it", () =>
      seeded(async (random) => {
        const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
        const persons = [ann, ben, cleo];
        const keys = await Promise.all(persons.map(keyOf));
        const { db } = server.context;
        const { messages } = db.tables;
        for (const count of [0, 1, 50, 127, 128, 129, 300]) {
          const { id } = await makeRoom(ann, { members: [ben, cleo] });
          for (let sent = 0; sent < count; sent++) {
            await persons[Math.floor(random() * 3)]?.http("POST", `/rooms/${id}/messages`, { content: `${sent}` });
          }
          const [room] = await db.read.select().from(db.tables.rooms).where(eq(db.tables.rooms.id, id));
          if (!room) throw new Error("the room is gone");
          await db.write(async (tx) => {
            const rows = await tx.select({ key: messages.key }).from(messages).where(eq(messages.room_key, room.key));
            for (const { key } of rows) {
              const change = [{ deleted_at: 1 }, { recalled_at: 1 }][Math.floor(random() * 20)];
              if (change) await tx.update(messages).set(change).where(eq(messages.key, key));
            }
          });
          const tail = (await readTails(server.context, [room.key])).get(room.key);
          for (const userKey of keys) {
            for (let readSeq = 0; readSeq <= room.last_seq; readSeq++) {
              const position = { userKey, readSeq, roomKey: room.key, lastSeq: room.last_seq };
              const known = tail && unreadIn(tail, position);
              // Only what lies before the tail may be left open.
              if (known === undefined) expect(readSeq).toBeLessThan(room.last_seq - 127);
              else
                expect({ count, readSeq, unread: known }).toEqual({
                  count,
                  readSeq,
                  unread: await countUnread(server.context, position),
                });
            }
          }
        }
      }));
  });
});
