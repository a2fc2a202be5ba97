import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Bus } from "../../src/server/platform/bus/bus.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { Bulletin } from "../../src/server/realtime/bulletin.ts";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { postgresLack } from "../support/postgres.ts";

describe.skipIf(postgresLack !== undefined)("what nodes tell each other by the database", () => {
  let database: FreshDatabase;
  let broker: LocalBroker;
  beforeEach(async () => {
    database = await freshDatabase("postgres");
    broker = new LocalBroker();
  });
  afterEach(() => database.dispose());

  const node = (nodeId: string): { bulletin: Bulletin; bus: Bus } => {
    const bus = broker.join(nodeId);
    return { bulletin: new Bulletin({ db: database.db, bus }), bus };
  };
  const read = async ({ bulletin }: { bulletin: Bulletin }) => {
    const named = await bulletin.read();
    return named && [...named.rooms, ...named.people].sort();
  };
  const rows = async () => (await database.db.read.select().from(database.db.tables.settings)).map(({ name }) => name);

  test("names to whom something was told, each list once, also of the time before it began", async () => {
    const [one, two] = [node("one"), node("two")];
    one.bulletin.note("room:forgotten");
    one.bulletin.age();
    one.bulletin.note("room:before");
    one.bulletin.age();
    one.bulletin.note("room:just now");
    expect(one.bulletin.begin()).toBe(true);
    expect(one.bulletin.begin()).toBe(false);
    await one.bulletin.write();
    expect(await read(two)).toEqual(["before", "just now"]);
    expect(await read(two)).toEqual([]);
    expect(await read(one)).toEqual([]);
    one.bulletin.note("room:first");
    await one.bulletin.write();
    one.bulletin.note("user:second");
    await one.bulletin.write();
    expect(await read(two)).toEqual(["first", "second"]);
    await one.bulletin.write();
    expect(await read(two)).toEqual([]);
  });

  test("says so when it names too many, or has been looked at too late", async () => {
    const [one, two] = [node("one"), node("two")];
    one.bulletin.begin();
    for (let list = 0; list < 12; list++) {
      one.bulletin.note(`room:${list}`);
      await one.bulletin.write();
    }
    expect(await read(two)).toBeUndefined();
    expect(await read(two)).toEqual([]);
    for (let count = 0; count <= 50_001; count++) one.bulletin.note(`user:${count}`);
    await one.bulletin.write();
    expect(await read(two)).toBeUndefined();
  });

  test("is empty when it is over, begins anew, and takes along what the dead have left", async () => {
    const [one, two, three] = [node("one"), node("two"), node("three")];
    for (const { bulletin } of [one, three]) {
      bulletin.begin();
      bulletin.note("room:room");
      await bulletin.write();
    }
    expect(await read(two)).toEqual(["room"]);
    await three.bus.close();
    const before = await rows();
    await one.bulletin.end();
    expect(before.length - (await rows()).length).toBe(2);
    // A reader that did not notice that it was over misses nothing of the next time.
    one.bulletin.begin();
    one.bulletin.note("room:another room");
    await one.bulletin.write();
    expect(await read(two)).toEqual(["another room", "room"]);
  });
});
