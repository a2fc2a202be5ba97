import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { room, roomChanges } from "../../src/protocol/models.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { forEachDialect } from "../support/dialects.ts";
import { Follower } from "../support/follower.ts";
import { Journal, judge, wholeTimeline } from "../support/journal.ts";
import { people, type Person } from "../support/people.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";
import type { TestSocket } from "../support/socket.ts";
import { Writer } from "../support/writer.ts";

forEachDialect((dialect) => {
  let server: ServerProcess;
  let proxy: ChaosProxy;
  let ann: Person;
  let ben: Person;
  let cleo: Person;

  beforeAll(async () => {
    server = await spawnServer({ dialect });
    proxy = await ChaosProxy.before(server.url);
    ({ ann, ben, cleo } = await people(server, "ann", "ben", "cleo"));
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  const makeRoom = async (name: string, ...members: Person[]) =>
    (await ann.http("POST", "/rooms", { name, type: "public", member_ids: members.map(({ id }) => id) })).as(room).id;

  const write = async (socket: TestSocket, roomId: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => socket.say(roomId, `number ${index}`)));

  describe("a cut of the connection", () => {
    test("with 500 messages and changes of the room meanwhile: everything once, in order, nothing missed", async () => {
      const roomId = await makeRoom("busy", ben);
      const journal = new Journal();
      const follower = new Follower(ben, roomId, journal);
      await follower.connect(proxy.wsUrl);
      const writer = new Writer(ann, journal, () => roomId, 32);
      await writer.connect();
      writer.start();
      await writer.reached(50);
      proxy.cut();
      await writer.reached(300);
      await ann.http("PATCH", `/rooms/${roomId}`, { name: "busier", description: "changed meanwhile" });
      await cleo.http("POST", `/rooms/${roomId}/join`);
      await ann.http("PATCH", `/rooms/${roomId}/members/${cleo.id}`, { role: "admin" });
      await writer.reached(550);
      await cleo.http("POST", `/rooms/${roomId}/leave`);
      proxy.restore();
      await follower.connect(proxy.wsUrl);
      await writer.reached(writer.acked + 50);
      await writer.finish();
      const timeline = await wholeTimeline(ann, roomId);
      await follower.reached(timeline.length);
      expect(judge(journal, new Map([[roomId, timeline]]))).toEqual([]);
      expect(follower.came.synced).toBeGreaterThanOrEqual(500);
      expect(follower.came.live).toBeGreaterThan(0);
      writer.cut();
      follower.cut();
    });

    test("gives the settings, members and removals in their present state", async () => {
      const roomId = await makeRoom("calm", ben, cleo);
      const before = await ben.connect();
      const { rev } = before.seen("ready")[0]?.rooms.find(({ id }) => id === roomId) ?? { rev: -1 };
      const epoch = before.seen("connected")[0]?.epoch ?? "";
      before.cut();
      await ann.http("PATCH", `/rooms/${roomId}`, { name: "first" });
      await ann.http("PATCH", `/rooms/${roomId}`, { name: "second" });
      await ann.http("PATCH", `/rooms/${roomId}/members/${ben.id}`, { role: "admin" });
      await cleo.http("POST", `/rooms/${roomId}/leave`);
      const after = await ben.connect();
      const done = after.request("sync", { epoch, rooms: [{ room_id: roomId, rev }] });
      const { payload } = await after.next("sync_batch");
      expect((await done).type).toBe("sync_done");
      expect(payload.room).toMatchObject({ id: roomId, name: "second", member_count: 2 });
      expect(payload.members).toMatchObject([{ user_id: ben.id, role: "admin" }]);
      expect(payload.members_removed).toEqual([cleo.id]);
      const kinds = payload.messages.map((line) => ("system" in line ? line.system?.kind : undefined));
      expect(kinds).toEqual(["name_changed", "name_changed", "role_changed", "member_left"]);
      expect(payload).toMatchObject({ has_more: false });
      const now = after.seen("ready")[0]?.rooms.find(({ id }) => id === roomId);
      expect(payload.rev).toBe(now?.rev ?? -1);
      // The same over HTTP, to the letter, but for the others' cursors: those are for whoever asks alone.
      const answer = await ben.http("GET", `/rooms/${roomId}/changes?since_rev=${rev}`);
      const { meta } = answer;
      const data = answer.as(roomChanges);
      expect({ ...data, cursors: data.cursors.filter((each) => each.user_id === ben.id) }).toEqual(payload);
      expect(meta).toEqual({ rev: payload.rev, has_more: false, epoch });
      after.close();
    });

    test("with more than 500 changes comes in parts that join without a gap", async () => {
      const roomId = await makeRoom("long", ben);
      const socket = await ann.connect();
      await write(socket, roomId, 1_120);
      const parts: number[][] = [];
      let rev = 0;
      for (let isMore = true; isMore;) {
        const { data } = await ben.http("GET", `/rooms/${roomId}/changes?since_rev=${rev}`);
        const part = data as { messages: { seq: number }[]; rev: number; has_more: boolean };
        parts.push(part.messages.map(({ seq }) => seq));
        expect(part.rev).toBeGreaterThan(rev);
        rev = part.rev;
        isMore = part.has_more;
      }
      expect(parts.length).toBe(3);
      expect(parts.flat()).toEqual(Array.from({ length: 1_121 }, (_, index) => index + 1));
      socket.close();
    });

    test("a room that one may no longer see is removed, another's unknown one too, and the rest is synced", async () => {
      const mine = await makeRoom("mine", ben);
      const lost = (await ann.http("POST", "/rooms", { name: "lost", type: "private", member_ids: [ben.id] })).as(
        room,
      ).id;
      const secret = (await ann.http("POST", "/rooms", { name: "secret", type: "private" })).as(room).id;
      await ann.http("DELETE", `/rooms/${lost}/members/${ben.id}`);
      const socket = await ben.connect();
      const epoch = socket.seen("connected")[0]?.epoch ?? "";
      const rooms = [lost, secret, "x", mine].map((room_id) => ({ room_id, rev: 0 }));
      expect((await socket.request("sync", { epoch, rooms })).type).toBe("sync_done");
      await socket.fence();
      expect(socket.seen("sync_batch").map(({ room_id }) => room_id)).toEqual([mine]);
      expect(
        socket
          .seen("room_removed")
          .map(({ room_id }) => room_id)
          .sort(),
      ).toEqual([lost, secret, "x"].sort());
      socket.close();
    });

    test("with another epoch starts afresh", async () => {
      const socket = await ben.connect();
      const epoch = socket.seen("connected")[0]?.epoch;
      await socket.request("sync", { epoch: "another", rooms: [] });
      expect(socket.seen("sync_reset")).toEqual([{ epoch: epoch ?? "" }]);
      expect(socket.seen("sync_batch")).toEqual([]);
      socket.close();
    });

    test("byte by byte and late, everything still comes", async () => {
      const roomId = await makeRoom("slow", ben);
      proxy.trickle();
      const slow = await ben.connect({ wsUrl: proxy.wsUrl });
      const socket = await ann.connect();
      await write(socket, roomId, 5);
      const { seq } = await slow.say(roomId, "from the slow one");
      expect(seq).toBeGreaterThan(5);
      await slow.fence();
      expect(slow.seen("new_message").map((each) => each.seq)).toEqual([2, 3, 4, 5, 6, 7]);
      proxy.trickle(false);
      slow.close();
      socket.close();
    });
  });

  describe("a restart in between", () => {
    test("changes neither the epoch nor a byte of what a resume gives", async () => {
      const roomId = await makeRoom("kept", ben);
      const socket = await ann.connect();
      await write(socket, roomId, 40);
      await ann.http("PATCH", `/rooms/${roomId}`, { name: "kept for ever" });
      const changes = async () => {
        const answers = await Promise.all(
          [0, 1, 17, 41, 42].map((rev) => ben.http("GET", `/rooms/${roomId}/changes?since_rev=${rev}`)),
        );
        // A crash may cost a second of reading (`timeline/cursors.ts`), and nothing else.
        return answers.map((answer) => ({ data: { ...answer.as(roomChanges), cursors: [] }, meta: answer.meta }));
      };
      const before = await changes();
      await server.kill();
      await server.start();
      expect(await changes()).toEqual(before);
      const again = await ben.connect();
      expect(again.seen("connected")[0]?.epoch).toBe(String(before[0]?.meta["epoch"]));
      again.close();
    });
  });

  describe("the seam between `ready` and what comes live", () => {
    test("has no gap, and nothing comes twice, however often one connects while a thousand messages a second come in", async () => {
      const roomId = await makeRoom("rush hour", ben);
      const journal = new Journal();
      const writer = new Writer(ann, journal, () => roomId, 64);
      await writer.connect();
      writer.start();
      await writer.reached(100);
      for (let round = 0; round < 30; round++) {
        const socket = await ben.connect();
        const { last_seq } = socket.seen("ready")[0]?.rooms.find(({ id }) => id === roomId) ?? { last_seq: -1 };
        // More than may be committed and not yet acknowledged.
        await writer.reached(writer.acked + 100);
        await socket.fence();
        const seqs = socket.seen("new_message").map(({ seq }) => seq);
        const [first = 0] = seqs;
        expect(seqs).toEqual(seqs.map((_, index) => first + index));
        // What `ready` counts already may come live as well: it was committed and not yet published. Numbers tell.
        expect(first).toBeLessThanOrEqual(last_seq + 1);
        expect(seqs.at(-1)).toBeGreaterThan(last_seq);
        socket.cut();
      }
      await writer.finish();
      writer.cut();
    });
  });

  describe("the seam between history and what comes live", () => {
    test("has no gap and no double, whoever joins while a thousand messages a second come in", async () => {
      const roomId = await makeRoom("rush", ben);
      const journal = new Journal();
      const writer = new Writer(ann, journal, () => roomId, 64);
      await writer.connect();
      writer.start();
      await writer.reached(100);
      for (let round = 0; round < 8; round++) {
        const socket = await cleo.connect();
        await socket.ack("join_room", { room_id: roomId });
        const { payload } = await socket.next("room_added");
        const page = await cleo.http("GET", `/rooms/${roomId}/messages?limit=100`);
        const history = (page.data as { seq: number }[]).map(({ seq }) => seq);
        await writer.reached(writer.acked + 100);
        await socket.fence();
        const live = socket.seen("new_message").filter(({ room_id }) => room_id === roomId);
        const seqs = live.map(({ seq }) => seq);
        const [first = 0] = seqs;
        // Live begins right behind what `room_added` says …
        expect(seqs).toEqual(seqs.map((_, index) => first + index));
        expect(first).toBeLessThanOrEqual(payload.room.last_seq + 1);
        // … and history reaches into it: together without a gap.
        const known = [...new Set([...history, ...seqs])].sort((a, b) => a - b);
        expect(known).toEqual(known.map((_, index) => (known[0] ?? 0) + index));
        await socket.ack("leave_room", { room_id: roomId });
        socket.cut();
      }
      await writer.finish();
      const refused = writer.refusals;
      writer.cut();
      expect(refused).toEqual([]);
      expect(judge(journal, new Map([[roomId, await wholeTimeline(ann, roomId)]]))).toEqual([]);
    });
  });
});
