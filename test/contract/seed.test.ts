import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { seed, type SignedInPerson, signInAll } from "../../db/seed.ts";
import { forEachDialect } from "../support/dialects.ts";
import { request } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

setDefaultTimeout(30_000);

const size = { users: 120, rooms: 30, messages: 12_345 };

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
    // Two worlds, one on top of the other.
    for (const randomSeed of [1, 2]) {
      await seed(server.context, { ...size, randomSeed, passwordHash: "", onProgress: () => {} });
    }
  });
  afterAll(() => server.stop());

  test("a seeded room counts its messages without a gap, and its members", async () => {
    const { db } = server.context;
    const { rooms, messages, members } = db.tables;
    const seqs = new Map<number, number[]>();
    const revs = new Map<number, number[]>();
    for (const { room_key, seq, sent_rev } of await db.read.select().from(messages)) {
      seqs.set(room_key, [...(seqs.get(room_key) ?? []), seq]);
      revs.set(room_key, [...(revs.get(room_key) ?? []), sent_rev]);
    }
    const people = new Map<number, number>();
    for (const row of await db.read.select().from(members)) {
      people.set(row.room_key, (people.get(row.room_key) ?? 0) + 1);
    }
    const found = await db.read.select().from(rooms);
    expect(found).toHaveLength(2 * size.rooms + 1);
    for (const room of found) {
      const numbers = (seqs.get(room.key) ?? []).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: room.last_seq }, (_, index) => index + 1));
      expect(Math.max(0, ...(revs.get(room.key) ?? []))).toBeLessThanOrEqual(room.rev);
      expect(new Set(revs.get(room.key)).size).toBe(room.last_seq);
      if (!room.is_lobby) expect(people.get(room.key)).toBe(room.member_count);
    }
    expect(found.reduce((total, room) => total + room.last_seq, 0)).toBe(2 * size.messages);
  });

  test("times never go back inside a room, and end before now", async () => {
    const { db, clock } = server.context;
    const { messages } = db.tables;
    const rows = await db.read.select().from(messages).orderBy(messages.room_key, messages.seq);
    // The second world stands on the first one's lobby, which has talked until now already.
    const own = rows.filter(({ room_key }) => room_key !== rows[0]?.room_key);
    const back = own.filter((row, index) => {
      const before = own[index - 1];
      return before?.room_key === row.room_key && before.created_at > row.created_at;
    });
    expect(back).toEqual([]);
    expect(Math.max(...rows.map(({ created_at }) => created_at))).toBeLessThanOrEqual(clock.now());
  });

  test("nobody has read further than there is", async () => {
    const { db } = server.context;
    const { rooms, members, users } = db.tables;
    const last = new Map((await db.read.select().from(rooms)).map((room) => [room.key, room.last_seq]));
    const ahead = (await db.read.select().from(members)).filter(
      ({ room_key, read_seq, delivered_seq }) => Math.max(read_seq, delivered_seq) > (last.get(room_key) ?? 0),
    );
    expect(ahead).toEqual([]);
    const lobby = (await db.read.select().from(rooms)).find(({ is_lobby }) => is_lobby);
    for (const user of await db.read.select().from(users)) {
      expect(user.lobby_from_seq).toBeLessThanOrEqual(lobby?.last_seq ?? 0);
    }
  });

  test("what was seeded can be used: tokens sign in, and the next account and room get keys of their own", async () => {
    const people = await seed(server.context, {
      users: 3,
      rooms: 1,
      messages: 10,
      randomSeed: 3,
      passwordHash: "",
      onProgress: () => {},
    });
    const tokens: SignedInPerson[] = [];
    await signInAll(server.context, people, "test", async (part) => void tokens.push(...part));
    expect(tokens.map(({ user_id }) => user_id)).toEqual(people.map(({ id }) => id));
    for (const { user_id, token } of tokens) {
      expect((await request(server, "GET", "/users/me", undefined, { token })).data).toMatchObject({ id: user_id });
    }
    const body = { username: "after-the-seed", password: "correct horse battery" };
    const newcomer = await request(server, "POST", "/auth/register", body);
    expect(newcomer.status).toBe(201);
    const { token } = newcomer.data as { token: string };
    const room = await request(server, "POST", "/rooms", { name: "After", type: "public" }, { token });
    expect(room.status).toBe(201);
  });

  test("the same number makes the same world", async () => {
    const names = async () =>
      (
        await seed(server.context, {
          users: 5,
          rooms: 0,
          messages: 0,
          randomSeed: 9,
          passwordHash: "",
          onProgress() {},
        })
      ).map(({ username }) => username.replace(/\.\d+$/, ""));
    expect(await names()).toEqual(await names());
  });
});
