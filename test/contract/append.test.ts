import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { asc, eq } from "drizzle-orm";
import Libsql from "libsql";
import type { Database } from "../../src/server/platform/db/database.ts";
import { connectionPragmas } from "../../src/server/platform/db/dialect/connection-pragmas.ts";
import type { Appended, NewMessage, StoredMessage } from "../../src/server/timeline/append.ts";
import { LibsqlAppender } from "../../src/server/timeline/append-libsql.ts";
import { appendToPostgres } from "../../src/server/timeline/append-postgres.ts";
import { appendToRemote } from "../../src/server/timeline/append-remote.ts";
import { freshDatabase, storeRoom, storeUser, type FreshDatabase } from "../support/database.ts";
import { forEachDatabase } from "../support/dialects.ts";
import { seeded } from "../support/random.ts";

type Append = (batch: readonly NewMessage[]) => Promise<Appended[]>;

/** The lane's statements of the dialect, and another set of them as another node would have. */
function appenderOf(db: Database): { append: Append; close: () => void } {
  if (db.dialect === "postgres") return { append: (batch) => appendToPostgres(db, batch), close: () => {} };
  if (db.isRemote) return { append: (batch) => appendToRemote(db, batch), close: () => {} };
  const connection = new Libsql(db.path, { timeout: 5_000 });
  for (const pragma of connectionPragmas) connection.exec(pragma);
  const appender = new LibsqlAppender(connection);
  return { append: async (batch) => appender.append(batch), close: () => connection.close() };
}

const numbers = (outcomes: readonly Appended[]) =>
  outcomes.map((outcome) => (outcome.kind === "stored" ? outcome.seq : outcome.kind));

forEachDatabase((dialect) => {
  let fresh: FreshDatabase;
  let db: Database;
  let append: Append;
  let close: () => void;
  let ann: number;
  let ben: number;
  let room: number;
  let other: number;

  beforeAll(async () => {
    fresh = await freshDatabase(dialect);
    db = fresh.db;
    ({ append, close } = appenderOf(db));
    ann = await storeUser(db, "ann");
    ben = await storeUser(db, "ben");
  });
  afterAll(async () => {
    close();
    await fresh.dispose();
  });
  beforeEach(async () => {
    room = await storeRoom(db, "room");
    other = await storeRoom(db, "other");
  });

  const message = (content: string, extra: Partial<NewMessage> = {}): NewMessage => ({
    id: Bun.randomUUIDv7(),
    room_key: room,
    sender_key: ann,
    client_id: Bun.randomUUIDv7(),
    body_hash: content.length,
    type: "text",
    content,
    reply_to_id: null,
    mentions: null,
    created_at: 1_767_950_000_123,
    ...extra,
  });

  async function timeline(roomKey: number): Promise<StoredMessage[]> {
    const { messages } = db.tables;
    return db.read.select().from(messages).where(eq(messages.room_key, roomKey)).orderBy(asc(messages.seq));
  }

  async function counters(roomKey: number) {
    const { rooms } = db.tables;
    const [row] = await db.read
      .select({ last_seq: rooms.last_seq, rev: rooms.rev })
      .from(rooms)
      .where(eq(rooms.key, roomKey));
    return row;
  }

  /** What is stored is numbered 1, 2, 3 … without a gap, and the room's counters say the same. */
  async function expectGapless(roomKey: number): Promise<StoredMessage[]> {
    const rows = await timeline(roomKey);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(rows.map(({ sent_rev }) => sent_rev)).toEqual(rows.map((_, index) => index + 1));
    expect(await counters(roomKey)).toEqual({ last_seq: rows.length, rev: rows.length });
    return rows;
  }

  test("numbers a batch in its order, each room by itself, and stores every field", async () => {
    const batch = [
      message("one"),
      message("eins", { room_key: other, sender_key: ben }),
      message("two", { client_id: null, body_hash: null }),
      message("牛肉麵 🍜\n\t", { body_hash: Number.MAX_SAFE_INTEGER }),
      message("zwei", { room_key: other, type: "image", reply_to_id: Bun.randomUUIDv7() }),
    ];
    expect(numbers(await append(batch))).toEqual([1, 1, 2, 3, 2]);
    const rows = [...(await expectGapless(room)), ...(await expectGapless(other))];
    const stored = new Map(rows.map((row) => [row.id, row]));
    for (const sent of batch) expect(stored.get(sent.id)).toMatchObject({ ...sent });
  });

  test("goes on where the last batch ended, also in batches beyond one prepared insert", async () => {
    for (const size of [1, 99, 100, 101, 250]) {
      await append(Array.from({ length: size }, (_, index) => message(`${size}: ${index}`)));
    }
    const rows = await expectGapless(room);
    expect(rows).toHaveLength(551);
    expect(rows.at(-1)?.content).toBe("250: 249");
  });

  test("gives the original of what was stored before, and burns no number for it", async () => {
    const first = message("first");
    await append([first]);
    const outcomes = await append([message("second"), { ...first, id: Bun.randomUUIDv7() }, message("third")]);
    expect(numbers(outcomes)).toEqual([2, "repeated", 3]);
    expect(outcomes[1]).toMatchObject({ original: { id: first.id, seq: 1, content: "first", body_hash: 5 } });
    await expectGapless(room);
  });

  test("gives the original of a repeat inside the same batch", async () => {
    const first = message("first");
    const again = { ...first, id: Bun.randomUUIDv7(), content: "another body" };
    const outcomes = await append([first, again, message("second"), { ...again, id: Bun.randomUUIDv7() }]);
    expect(numbers(outcomes)).toEqual([1, "repeated", 2, "repeated"]);
    for (const repeat of [outcomes[1], outcomes[3]]) {
      expect(repeat).toMatchObject({ original: { id: first.id, seq: 1, sent_rev: 1, content: "first" } });
    }
    await expectGapless(room);
  });

  test("gives the original across rooms: one sender's ids are one space", async () => {
    const first = message("here");
    await append([first]);
    const [outcome] = await append([{ ...first, id: Bun.randomUUIDv7(), room_key: other }]);
    expect(outcome).toMatchObject({ kind: "repeated", original: { id: first.id, room_key: room } });
    expect(await timeline(other)).toEqual([]);
  });

  test("keeps the same client id of another sender, and any number of messages without one", async () => {
    const first = message("ann's");
    const batch = [
      first,
      message("ben's", { client_id: first.client_id, sender_key: ben }),
      message("", { client_id: null }),
      message("", { client_id: null }),
    ];
    expect(numbers(await append(batch))).toEqual([1, 2, 3, 4]);
  });

  test("lets a row that the database refuses hurt nobody but itself", async () => {
    const bad = (): NewMessage => message("", { content: null as unknown as string });
    const batch = [bad(), message("one"), message("two"), bad(), message("eins", { room_key: other }), bad()];
    expect(numbers(await append(batch))).toEqual(["refused", 1, 2, "refused", 1, "refused"]);
    expect((await expectGapless(room)).map(({ content }) => content)).toEqual(["one", "two"]);
    await expectGapless(other);
    expect(numbers(await append([message("three")]))).toEqual([3]);
  });

  test("sorts out a batch of everything at once: repeats, bad rows, rooms that are gone", async () => {
    const stored = message("stored before");
    await append([stored]);
    const twin = message("twin");
    const batch = [
      { ...stored, id: Bun.randomUUIDv7() },
      message("", { content: null as unknown as string }),
      twin,
      message("nowhere", { room_key: 999_999 }),
      { ...twin, id: Bun.randomUUIDv7() },
      message("last"),
    ];
    expect(numbers(await append(batch))).toEqual(["repeated", "refused", 2, "no_room", "repeated", 3]);
    await expectGapless(room);
  });

  test("stores nothing in a deleted room, and all the rest", async () => {
    await db.write(async (tx) => {
      await tx.update(db.tables.rooms).set({ deleted_at: 1 }).where(eq(db.tables.rooms.key, other));
    });
    expect(numbers(await append([message("here"), message("gone", { room_key: other })]))).toEqual([1, "no_room"]);
    expect(await timeline(other)).toEqual([]);
    expect(await counters(other)).toEqual({ last_seq: 0, rev: 0 });
  });

  test("refuses what Postgres cannot hold as one row, not as a batch", async () => {
    const [nul, lone, good] = await append([message("a\u0000b"), message("\ud800"), message("good")]);
    expect(good).toMatchObject({ kind: "stored" });
    if (dialect === "postgres") expect([nul?.kind, lone?.kind]).toEqual(["refused", "refused"]);
    await expectGapless(room);
  });

  test("answers every message of random batches, and never burns a number", () =>
    seeded(async (random) => {
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
      const acked = new Map<string, number>();
      const known: NewMessage[] = [];
      for (let round = 0; round < 25; round++) {
        const batch = Array.from({ length: 1 + Math.floor(random() * 60) }, (_, index) => {
          const kind = random();
          const earlier = known.length > 0 ? pick(known) : undefined;
          if (kind < 0.15 && earlier) return { ...earlier, id: Bun.randomUUIDv7() };
          if (kind < 0.2) return message("", { content: null as unknown as string });
          const fresh = message(`${round}: ${index}`, { room_key: pick([room, other]), sender_key: pick([ann, ben]) });
          known.push(fresh);
          return fresh;
        });
        for (const [index, outcome] of (await append(batch)).entries()) {
          const sent = batch[index];
          if (outcome.kind === "stored" && sent) acked.set(sent.id, outcome.seq);
          else if (outcome.kind === "repeated") {
            expect(outcome.original).toMatchObject({ client_id: sent?.client_id ?? "", content: sent?.content ?? "" });
          } else expect(sent?.content).toBeNull();
        }
      }
      const rows = [...(await expectGapless(room)), ...(await expectGapless(other))];
      expect(new Map(rows.map(({ id, seq }) => [id, seq]))).toEqual(acked);
    }));

  test("numbers without a gap or a deadlock when several write to the same rooms at once", async () => {
    // On libSQL a process has one lane; a second node exists on Postgres alone.
    const lanes = dialect === "postgres" ? 4 : 1;
    const rooms = await Promise.all(Array.from({ length: 6 }, (_, index) => storeRoom(db, `busy ${index}`)));
    const shared = message("from everywhere", { room_key: rooms[0] ?? 0 });
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        for (let round = 0; round < 10; round++) {
          const order = lane % 2 === 0 ? rooms : rooms.toReversed();
          const batch = order.flatMap((key) => [1, 2].map(() => message(`${lane} ${round}`, { room_key: key })));
          const outcomes = await append([...batch, { ...shared, id: Bun.randomUUIDv7() }]);
          expect(outcomes.slice(0, -1).every(({ kind }) => kind === "stored")).toBe(true);
        }
      }),
    );
    for (const key of rooms.slice(1)) expect(await expectGapless(key)).toHaveLength(lanes * 20);
    expect(await expectGapless(rooms[0] ?? 0)).toHaveLength(lanes * 20 + 1);
  });
});
