import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { room } from "../../src/protocol/models.ts";
import { until, within } from "../support/deferred.ts";
import { guestSocket, people, person, type Person } from "../support/people.ts";
import { opcodes, rawFrame, RawWebSocket, type RawFrame } from "../support/raw-websocket.ts";
import { spawnServer, type ServerProcess } from "../support/server-process.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { closing, type TestSocket } from "../support/socket.ts";

describe("a frame that breaks the protocol itself", () => {
  let server: TestServer;
  let ann: Person;
  let roomId: string;
  beforeAll(async () => {
    server = await startServer();
    ann = await person(server, "ann");
    roomId = (await ann.http("POST", "/rooms", { name: "room", type: "private" })).as(room).id;
  });
  afterAll(() => server.stop());

  const open = async () => {
    const socket = await RawWebSocket.open(`${server.wsUrl}?token=${ann.token}`);
    await socket.hears('"ready"');
    return socket;
  };
  const ping = JSON.stringify({ type: "ping", payload: {} });

  const bad: [string, RawFrame[], number[]][] = [
    ["without a mask", [{ opcode: opcodes.text, payload: ping, masked: false }], [1002, 1006]],
    ["with a reserved bit", [{ opcode: opcodes.text, payload: ping, rsv: 0b010 }], [1002, 1006]],
    [
      "compressed though nobody agreed to it",
      [{ opcode: opcodes.text, payload: Bun.deflateSync(ping), rsv: 0b100 }],
      [1002, 1006],
    ],
    ["of a reserved kind", [{ opcode: 0x3, payload: ping }], [1002, 1006]],
    ["of a reserved control kind", [{ opcode: 0xb, payload: "" }], [1002, 1006]],
    ["whose text is no UTF-8", [{ opcode: opcodes.text, payload: new Uint8Array([0xff, 0xfe, 0x80]) }], [1007, 1006]],
    [
      "whose text has half a surrogate",
      [{ opcode: opcodes.text, payload: new Uint8Array([0xed, 0xa0, 0x80]) }],
      [1007, 1006],
    ],
    ["that continues nothing", [{ opcode: opcodes.continuation, payload: "x" }], [1002, 1006]],
    [
      "that begins another before the first has ended",
      [
        { opcode: opcodes.text, payload: "a", fin: false },
        { opcode: opcodes.text, payload: "b" },
      ],
      [1002, 1006],
    ],
    ["a ping of 126 bytes", [{ opcode: opcodes.ping, payload: "x".repeat(126) }], [1002, 1006]],
    ["a ping in pieces", [{ opcode: opcodes.ping, payload: "x", fin: false }], [1002, 1006]],
    ["that claims two gigabytes", [{ opcode: opcodes.text, payload: "x", claimedLength: 2 ** 31 }], [1009, 1006]],
    ["that claims nine exabytes", [{ opcode: opcodes.text, payload: "x", claimedLength: 2 ** 62 }], [1009, 1002, 1006]],
  ];
  for (const [what, frames, codes] of bad) {
    test(`closes: ${what}`, async () => {
      const socket = await open();
      for (const frame of frames) socket.send(frame);
      expect((await socket.ended()).code).toBeOneOf(codes);
      (await ann.connect()).close();
    });
  }

  test("in endless fragments is closed at 64 KiB and costs no memory", async () => {
    const socket = await open();
    const piece = "x".repeat(8_000);
    socket.send({ opcode: opcodes.text, payload: piece, fin: false });
    for (let sent = 0; sent < 50; sent++) socket.send({ opcode: opcodes.continuation, payload: piece, fin: false });
    expect((await socket.ended()).code).toBeOneOf([1009, 1006]);
  });

  test("a bomb in permessage-deflate is not even negotiated, or ends at 64 KiB", async () => {
    const socket = await RawWebSocket.open(`${server.wsUrl}?token=${ann.token}`, {
      "Sec-WebSocket-Extensions": "permessage-deflate",
    });
    await socket.hears('"ready"');
    socket.send({ opcode: opcodes.text, payload: Bun.deflateSync(`"${"x".repeat(50_000_000)}"`), rsv: 0b100 });
    expect((await socket.ended()).code).toBeOneOf([1002, 1007, 1009, 1006]);
  });

  test("in lawful fragments, with a ping in between, is one message", async () => {
    const socket = await open();
    const text = JSON.stringify({
      type: "send_message",
      payload: { room_id: roomId, content: "in pieces", temp_id: "p" },
    });
    socket.send({ opcode: opcodes.text, payload: text.slice(0, 10), fin: false });
    socket.send({ opcode: opcodes.ping, payload: "are you there" });
    socket.send({ opcode: opcodes.continuation, payload: text.slice(10, 40), fin: false });
    socket.send({ opcode: opcodes.continuation, payload: text.slice(40) });
    await socket.hears("message_ack");
    socket.destroy();
  });

  test("one byte after the other is one message", async () => {
    const socket = await open();
    for (const byte of rawFrame({ opcode: opcodes.text, payload: ping })) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await socket.hears('"pong"');
    socket.destroy();
  });
});

describe("many and idle connections", () => {
  let server: ServerProcess;
  let ann: Person;
  beforeAll(async () => {
    server = await spawnServer({ env: { RATE_LIMITS: "on" } });
    ({ ann } = await people(server, "ann", "ben"));
  });
  afterAll(() => server.stop());

  /** A TCP connection that says only this much, and when the server ended it. */
  function half(text: string): { socket: Socket; ended: Promise<void> } {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const { promise, resolve } = Promise.withResolvers<void>();
    // A reset is an end as well.
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.resume();
    socket.write(text);
    return { socket, ended: promise };
  }

  test("that begin a request and never end it are closed, and others are served all the while", async () => {
    const begun = [
      "",
      "GET /api/v1/server HTTP/1.1\r\nHost: x\r\nX-Slow: ",
      "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
      `GET /ws?token=${ann.token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n`,
    ];
    const slow = begun.flatMap((text) => Array.from({ length: 20 }, () => half(text)));
    const all = Promise.all(slow.map(({ ended }) => ended));
    let served = 0;
    let isOver = false;
    const closed = within(all, () => "a slow connection was not closed", 25_000).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const answer = await Promise.race([fetch(`${server.url}/healthz`), closed.then(() => undefined)]);
      if (answer?.ok) served++;
    }
    await closed;
    expect(served).toBeGreaterThan(10);
  }, 40_000);

  test("of one person: the sixth closes the oldest with 4009, and only that", async () => {
    const sockets: TestSocket[] = [];
    for (let opened = 0; opened < 5; opened++) sockets.push(await ann.connect());
    const [oldest, ...others] = sockets;
    const sixth = await ann.connect();
    if (!oldest) throw new Error("no socket was opened");
    expect((await closing(oldest)).code).toBe(4009);
    for (const socket of [...others, sixth]) {
      await socket.fence();
      socket.close();
    }
  });

  test("a thousand from one address: bounded, refused in order, and people elsewhere get in", async () => {
    const guests = await Promise.all(
      Array.from({ length: 1_000 }, () => guestSocket(server).catch((error: unknown) => error)),
    );
    const open = guests.filter((guest): guest is TestSocket => !(guest instanceof Error));
    expect(open.length).toBeLessThan(1_000);
    expect(open.length).toBeGreaterThan(0);
    for (const guest of open) guest.cut();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    // What was closed makes room again.
    const again = await until(() => guestSocket(server).catch(() => undefined), "a guest gets in again");
    again.cut();
  }, 60_000);
});
