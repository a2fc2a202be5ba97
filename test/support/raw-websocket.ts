import { connect, type Socket } from "node:net";
import { within } from "./deferred.ts";

/** The parts of a frame (RFC 6455, 5.2) that a hostile client may set as it likes. */
export interface RawFrame {
  opcode: number;
  payload?: Uint8Array | string;
  fin?: boolean;
  /** The three reserved bits. */
  rsv?: number;
  /** Clients must mask; without is a violation. */
  masked?: boolean;
  /** What the header says, whatever follows. */
  claimedLength?: number;
}

export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** The bytes of a frame, lawful or not. */
export function rawFrame({
  opcode,
  payload = "",
  fin = true,
  rsv = 0,
  masked = true,
  claimedLength,
}: RawFrame): Buffer {
  const body = Buffer.from(payload);
  const length = claimedLength ?? body.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) head.push(maskBit | length);
  else if (length < 65_536) head.push(maskBit | 126, length >> 8, length & 0xff);
  else {
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(BigInt(length));
    head.push(maskBit | 127, ...wide);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  for (const [index, byte] of body.entries()) body[index] = byte ^ (mask[index % 4] ?? 0);
  return Buffer.concat([Buffer.from(head), mask, body]);
}

interface Ending {
  /** The code of the server's close frame; 1006 when the connection ended without one. */
  code: number;
}

/** A WebSocket client that breaks whatever rule it is told to. */
export class RawWebSocket {
  readonly texts: string[] = [];
  readonly closed: Promise<Ending>;
  #buffer = Buffer.alloc(0);
  #code = 1006;
  #waiting: { fits: (text: string) => boolean; resolve: () => void }[] = [];

  private constructor(
    private readonly socket: Socket,
    rest: Buffer,
  ) {
    this.closed = new Promise((resolve) => socket.on("close", () => resolve({ code: this.#code })));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#read(rest);
  }

  /** Upgrades by hand; throws the answer when the upgrade is refused. */
  static async open(wsUrl: string, headers: Record<string, string> = {}): Promise<RawWebSocket> {
    const { hostname, port, pathname, search } = new URL(wsUrl);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.setNoDelay(true);
    // A server that ends the connection in the middle of our bytes resets it: the `close` that follows tells enough.
    socket.on("error", () => {});
    const lines = {
      Host: `${hostname}:${port}`,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64"),
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${head.join("")}\r\n`);
    const { answer, rest } = await within(readHead(socket), () => "no answer to the upgrade");
    if (!answer.startsWith("HTTP/1.1 101")) {
      socket.destroy();
      throw new Error(answer);
    }
    return new RawWebSocket(socket, rest);
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  send(frame: RawFrame): void {
    this.write(rawFrame(frame));
  }

  /** Stops taking what the server sends. */
  stopReading(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits for a text frame of the server that contains `part`. */
  async hears(part: string): Promise<void> {
    if (this.texts.some((text) => text.includes(part))) return;
    const heard = new Promise<void>((resolve) => this.#waiting.push({ fits: (text) => text.includes(part), resolve }));
    await within(heard, () => `${part} did not come, only ${this.texts.join(" ").slice(0, 500)}`);
  }

  /** How the server ended it, when it does so in time. */
  ended(ms?: number): Promise<Ending> {
    return within(this.closed, () => "the server did not end the connection", ms);
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const [first, second] = this.#buffer;
      if (first === undefined || second === undefined) return;
      let length = second & 0x7f;
      let at = 2;
      if (length === 126) {
        if (this.#buffer.length < 4) return;
        length = this.#buffer.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (this.#buffer.length < 10) return;
        length = Number(this.#buffer.readBigUInt64BE(2));
        at = 10;
      }
      if (this.#buffer.length < at + length) return;
      const payload = this.#buffer.subarray(at, at + length);
      this.#buffer = this.#buffer.subarray(at + length);
      this.#take(first & 0x0f, payload);
    }
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.close) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.socket.end();
    }
    if (opcode !== opcodes.text) return;
    const text = payload.toString();
    this.texts.push(text);
    this.#waiting = this.#waiting.filter(({ fits, resolve }) => {
      if (!fits(text)) return true;
      resolve();
      return false;
    });
  }
}

function readHead(socket: Socket): Promise<{ answer: string; rest: Buffer }> {
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const more = (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      const end = read.indexOf("\r\n\r\n");
      if (end === -1) return;
      finish(end + 4);
    };
    const finish = (end: number) => {
      socket.off("data", more);
      socket.off("close", cut);
      resolve({ answer: read.subarray(0, end).toString(), rest: Buffer.from(read.subarray(end)) });
    };
    const cut = () => finish(read.length);
    socket.on("data", more);
    socket.on("close", cut);
  });
}
