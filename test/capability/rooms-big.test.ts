import { afterAll, beforeAll, expect, test } from "bun:test";
import { inArray } from "drizzle-orm";
import { message } from "../../src/protocol/models.ts";
import { storeUser } from "../support/database.ts";
import { forEachDialect } from "../support/dialects.ts";
import type { Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, makeRoom, readRoom, unique } from "./rooms-cast.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect, env: { ROOM_MAX_MEMBERS: "600" } });
  });
  afterAll(() => server.stop());

  /** Fills a room with people who never sign in, by the hundred, as the wire allows. */
  async function crowd(owner: Person, roomId: string, size: number): Promise<void> {
    const { db } = server.context;
    const keys: number[] = [];
    for (let index = 0; index < size; index++) keys.push(await storeUser(db, unique("extra")));
    for (let at = 0; at < size; at += 100) {
      const { users } = db.tables;
      const rows = await db.read
        .select({ id: users.id })
        .from(users)
        .where(inArray(users.key, keys.slice(at, at + 100)));
      const answer = await owner.http("POST", `/rooms/${roomId}/members`, { user_ids: rows.map(({ id }) => id) });
      expect(answer.outcome).toBe("200");
    }
  }

  test("up to 100 members are told of in the timeline, beyond that people come and go without a line", async () => {
    const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
    const { id } = await makeRoom(ann);
    await crowd(ann, id, 98);
    await ann.http("POST", `/rooms/${id}/messages`, { content: "the last word" });
    const before = await readRoom(ann, id);
    const watcher = await ann.connect();
    await ben.http("POST", `/rooms/${id}/join`);
    expect((await watcher.next("new_message")).payload.system?.kind).toBe("member_joined");
    expect(await readRoom(ann, id)).toMatchObject({ member_count: 100, last_seq: before.last_seq + 1 });
    await ann.http("POST", `/rooms/${id}/messages`, { content: "welcome" });
    const joiner = await cas.connect();
    await cas.http("POST", `/rooms/${id}/join`);
    const { room } = (await joiner.next("room_added")).payload;
    expect(room).toMatchObject({ member_count: 101, unread_count: 0, last_seq: before.last_seq + 2 });
    expect(message.parse(room.last_message).content).toBe("welcome");
    await watcher.next("user_joined", ({ user }) => user.id === cas.id);
    expect(await readRoom(ann, id)).toMatchObject({ last_seq: before.last_seq + 2, rev: before.rev + 3 });
  }, 20_000);

  test("beyond 500 members coming and going is told to who comes and goes alone", async () => {
    const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
    const { id } = await makeRoom(ann, { max_members: 600, members: [cas] });
    await crowd(ann, id, 498);
    const watcher = await cas.connect();
    const goes = await ben.connect();
    await ben.http("POST", `/rooms/${id}/join`);
    expect((await goes.next("room_added")).payload.room).toMatchObject({ member_count: 501, my_role: "member" });
    await watcher.fence();
    expect(watcher.seen("user_joined")).toEqual([]);
    await ann.http("POST", `/rooms/${id}/messages`, { content: "hello, all" });
    await goes.next("new_message", ({ content }) => content === "hello, all");
    await ann.http("DELETE", `/rooms/${id}/members/${ben.id}`);
    expect((await goes.next("room_removed")).payload).toEqual({ room_id: id, reason: "kicked" });
    expect(await readRoom(ann, id)).toMatchObject({ member_count: 500 });
    const page = await ann.http("GET", `/rooms/${id}/members?page=5&per_page=100`);
    expect(page.meta).toMatchObject({ total: 500, has_more: false });
    const left = await ann.http("GET", `/rooms/${id}/changes?since_rev=${(await readRoom(ann, id)).rev - 1}`);
    expect(left.data).toMatchObject({ members: [], members_removed: [ben.id] });
  }, 30_000);
});
