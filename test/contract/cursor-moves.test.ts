import { afterAll, beforeAll, expect, test } from "bun:test";
import { and, count, eq, max } from "drizzle-orm";
import { people as peopleOf } from "../../src/server/accounts/people.ts";
import { rooms } from "../../src/server/rooms/directory.ts";
import {
  advanceCursor,
  ownCursor,
  pendingCursor,
  storeCursor,
  storeReceipt,
} from "../../src/server/timeline/cursors.ts";
import { cast, makeRoom } from "../capability/rooms-cast.ts";
import { forEachDialect } from "../support/dialects.ts";
import { startServer, type TestServer } from "../support/server.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  async function place() {
    const { context } = server;
    const { ann } = await cast(server, "ann");
    const { id } = await makeRoom(ann);
    const [room, person] = [await rooms(context).byId(id), await peopleOf(context).byId(ann.id)];
    if (!room || !person) throw new Error("it was just made");
    return { room, person };
  }

  test("of somebody's receipts the newest few hundred are kept, however many there are", async () => {
    const { context } = server;
    const { room, person } = await place();
    const { cursor_moves } = context.db.tables;
    const receipt = { roomKey: room.key, userKey: person.key, kind: "read" } as const;
    for (let seq = 1; seq <= 600; seq++) await storeReceipt(context, { ...receipt, seq });
    const [kept] = await context.db.read
      .select({ total: count(), newest: max(cursor_moves.seq) })
      .from(cursor_moves)
      .where(and(eq(cursor_moves.room_key, room.key), eq(cursor_moves.user_key, person.key)));
    expect(kept?.newest).toBe(600);
    expect(kept?.total).toBeGreaterThanOrEqual(200);
    expect(kept?.total).toBeLessThan(300);
  }, 60_000);

  test("a cursor never goes back, and what is delivered is never behind what is read", async () => {
    const { context } = server;
    const { room, person } = await place();
    const at = { roomKey: room.key, userKey: person.key };
    const cursor = async () => {
      const { read_seq, delivered_seq } = await ownCursor(context, person, room);
      return [read_seq, delivered_seq];
    };
    await storeReceipt(context, { ...at, kind: "delivered", seq: 8 });
    const [read] = await cursor();
    expect(await cursor()).toEqual([read ?? 0, 8]);
    advanceCursor(context, { ...at, readSeq: 5 });
    expect(await cursor()).toEqual([5, 8]);
    await storeReceipt(context, { ...at, kind: "read", seq: 3 });
    expect(await cursor()).toEqual([5, 8]);
    await storeReceipt(context, { ...at, kind: "read", seq: 9 });
    expect(await cursor()).toEqual([9, 9]);
    await storeReceipt(context, { ...at, kind: "delivered", seq: 7 });
    expect(await cursor()).toEqual([9, 9]);
  });

  test("what was just written is remembered for who has asked the database before", async () => {
    const { context } = server;
    const { room, person } = await place();
    await storeCursor(context, { roomKey: room.key, userKey: person.key, readSeq: 7 });
    await storeReceipt(context, { roomKey: room.key, userKey: person.key, kind: "delivered", seq: 8 });
    expect(pendingCursor(context, room.key, person.key)).toEqual({ readSeq: 7, deliveredSeq: 8 });
  });

  test("writing cursors ends while others keep moving", async () => {
    const { context } = server;
    const [first, second] = [await place(), await place()];
    let isStored = false;
    const at = ({ room, person }: typeof first) => ({ roomKey: room.key, userKey: person.key });
    const stored = storeCursor(context, { ...at(first), readSeq: 1 }).then(() => (isStored = true));
    for (let readSeq = 1; readSeq <= 50 && !isStored; readSeq++) {
      advanceCursor(context, { ...at(second), readSeq });
      await context.db.write(async (tx) => void (await tx.select({ one: count() }).from(context.db.tables.rooms)));
    }
    expect(isStored).toBe(true);
    await stored;
  });
});
