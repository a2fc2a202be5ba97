import { describe, expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { ManualClock } from "../support/clock.ts";
import { until } from "../support/deferred.ts";
import { Follower } from "../support/follower.ts";
import { Journal, judge, wholeTimeline } from "../support/journal.ts";
import { metric, metricSum } from "../support/metrics.ts";
import { people } from "../support/people.ts";
import { opcodes, rawFrame, RawWebSocket } from "../support/raw-websocket.ts";
import { spawnServer } from "../support/server-process.ts";
import { startServer } from "../support/server.ts";
import { closing } from "../support/socket.ts";

describe("a client that stops reading in a busy room", () => {
  test("is closed, disturbs nobody, costs no memory, and resumes whole", async () => {
    const server = await spawnServer();
    const proxy = await ChaosProxy.before(server.url);
    const { ann, ben, cleo } = await people(server, "ann", "ben", "cleo");
    const roomId = (
      await ann.http("POST", "/rooms", { name: "busy", type: "private", member_ids: [ben.id, cleo.id] })
    ).as(room).id;
    const journal = new Journal();
    const slow = new Follower(ben, roomId, journal);
    const good = new Follower(cleo, roomId, journal);
    await slow.connect(proxy.wsUrl);
    await good.connect();
    const socket = await ann.connect();
    proxy.stopReading();
    const before = await metric(server, "parley_resident_memory_bytes");
    const closed = () => metricSum(server, "parley_sockets_closed_total");
    const closedBefore = await closed();
    // 12 kB each: the kernel's buffers take some megabytes, the server's own a quarter of one.
    const text = "麵".repeat(3_990);
    let sent = 0;
    while ((await closed()) === closedBefore) {
      expect(sent).toBeLessThan(3_000);
      const acks = Array.from({ length: 50 }, () => {
        const tempId = Bun.randomUUIDv7();
        const content = `${text} ${++sent}`;
        journal.sent({ senderId: ann.id, roomId, tempId, content });
        return socket.say(roomId, content, tempId).then(({ id, seq }) => journal.acked({ tempId, id, seq }));
      });
      await Promise.all(acks);
      // The good one is never behind.
      await good.reached(sent + 1);
    }
    expect((await metric(server, "parley_resident_memory_bytes")) - before).toBeLessThan(150_000_000);
    expect(await metric(server, 'parley_sockets_closed_total{code="4008"}')).toBeLessThanOrEqual(1);
    proxy.cut();
    proxy.restore();
    await slow.connect();
    await slow.reached(sent + 1);
    expect(slow.came.synced).toBeGreaterThan(0);
    expect(judge(journal, new Map([[roomId, await wholeTimeline(ann, roomId)]]))).toEqual([]);
    await proxy.stop();
    await server.stop();
  }, 60_000);
});

describe("a peer that vanishes without a word", () => {
  test("is gone after at most two heartbeats, though the server goes on sending to it; who pings stays", async () => {
    const clock = new ManualClock();
    const server = await startServer({ clock });
    const proxy = await ChaosProxy.before(server.url);
    const { ann, ben } = await people(server, "ann", "ben");
    const roomId = (await ann.http("POST", "/rooms", { name: "busy", type: "private", member_ids: [ben.id] })).as(
      room,
    ).id;
    const vanished = await ben.connect({ wsUrl: proxy.wsUrl });
    const alive = await ben.connect();
    const socket = await ann.connect();
    const open = () => metric(server, 'parley_sockets{state="ready"}');
    expect(await until(async () => (await open()) === 3 && 3, "three open sockets")).toBe(3);
    proxy.silence();
    for (let seconds = 0; seconds < 120; seconds += 10) {
      clock.advance(10_000);
      await Promise.all([alive.fence(), socket.say(roomId, `after ${seconds} s`)]);
    }
    await until(async () => (await open()) === 2, "two open sockets");
    expect(await metric(server, 'parley_sockets_closed_total{code="4010"}')).toBe(1);
    await alive.fence();
    expect(alive.seen("new_message")).toHaveLength(12);
    // Not a byte of it got through, not even the farewell.
    expect(vanished.seen("new_message")).toEqual([]);
    await proxy.stop();
    expect((await closing(vanished)).code).toBe(1006);
    await server.stop();
  });
});

describe("a hundred thousand frames at once from one socket", () => {
  test("close it with 4029, and others feel nothing of it", async () => {
    const server = await spawnServer({ env: { RATE_LIMITS: "on" } });
    const { ann, ben } = await people(server, "ann", "ben");
    const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private", member_ids: [ben.id] })).as(
      room,
    ).id;
    const other = await ben.connect();
    const before = await metric(server, "parley_resident_memory_bytes");
    const flood = await RawWebSocket.open(`${server.wsUrl}?token=${ann.token}`);
    await flood.hears('"ready"');
    const frame = rawFrame({ opcode: opcodes.text, payload: JSON.stringify({ type: "ping", payload: {} }) });
    flood.write(Buffer.concat(Array.from({ length: 100_000 }, () => frame)));
    await other.say(roomId, "still here");
    expect((await flood.ended()).code).toBe(4029);
    await other.fence();
    expect((await metric(server, "parley_resident_memory_bytes")) - before).toBeLessThan(100_000_000);
    // The person is not shut out for it.
    (await ann.connect()).close();
    await server.stop();
  });

  test("of a modest one are answered in order, sends are numbered in order", async () => {
    const server = await startServer();
    const { ann } = await people(server, "ann");
    const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
    const socket = await RawWebSocket.open(`${server.wsUrl}?token=${ann.token}`);
    await socket.hears('"ready"');
    const count = 2_000;
    const frames = Array.from({ length: count }, (_, index) => {
      const payload = { room_id: roomId, content: `number ${index}`, temp_id: `t${index}` };
      return rawFrame({
        opcode: opcodes.text,
        payload: JSON.stringify({ type: "send_message", ref: String(index), payload }),
      });
    });
    socket.write(Buffer.concat(frames));
    await socket.hears(`"ref":"${count - 1}"`);
    const acks = socket.texts.map((text) => JSON.parse(text)).filter(({ type }) => type === "message_ack");
    expect(acks.map(({ ref }) => Number(ref))).toEqual(Array.from({ length: count }, (_, index) => index));
    expect(acks.map(({ payload }) => payload.seq)).toEqual(Array.from({ length: count }, (_, index) => index + 2));
    socket.destroy();
    await server.stop();
  });
});

describe("RATE_LIMITS=off", () => {
  test("still bounds a socket's queue: beyond it frames are refused as UNAVAILABLE, and nothing is lost or closed", async () => {
    const server = await spawnServer();
    const { ann } = await people(server, "ann");
    const roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
    const socket = await RawWebSocket.open(`${server.wsUrl}?token=${ann.token}`);
    await socket.hears('"ready"');
    const count = 30_000;
    const frames = Array.from({ length: count }, (_, index) =>
      rawFrame({
        opcode: opcodes.text,
        payload: JSON.stringify({
          type: "send_message",
          payload: { room_id: roomId, content: "x", temp_id: `t${index}` },
        }),
      }),
    );
    socket.write(Buffer.concat(frames));
    const answered = () => socket.texts.filter((text) => /"type":"(message_ack|error)"/.test(text));
    await until(() => answered().length === count, `${count} answers`, 30_000);
    const answers = answered().map((text) => JSON.parse(text));
    const acked = answers.filter(({ type }) => type === "message_ack");
    expect(answers.filter(({ type, payload }) => type === "error" && payload.code !== "UNAVAILABLE")).toEqual([]);
    expect(acked.length).toBeGreaterThanOrEqual(8_192);
    expect((await ann.http("GET", `/rooms/${roomId}`)).data).toMatchObject({ last_seq: acked.length + 1 });
    socket.destroy();
    await server.stop();
  }, 60_000);
});
