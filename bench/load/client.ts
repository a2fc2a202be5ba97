import type { Socket } from "bun";
import { clientFrame, FrameReader, type FrameSink, pongFrame } from "./frames.ts";
import type { Seat } from "./spec.ts";
import type { Wire } from "./wire.ts";

export type ClientState = "closed" | "upgrading" | "greeting" | "ready";

/** What a run does with its clients' frames. */
export interface ClientEvents {
  ready?(client: Client): void;
  /** A text frame of a client that is ready. */
  frame(client: Client, bytes: Buffer, from: number, to: number): void;
  /** All frames of one read were given to {@link frame}. */
  read?(client: Client): void;
  /** `code` of the close frame, 1006 without one; `during` says how far the client had come. */
  closed?(client: Client, code: number, during: ClientState): void;
}

/** Different addresses, so that their ports are numbered apart. */
const loopbackAddresses = 8;

/** One WebSocket client on a raw TCP socket. */
export class Client implements FrameSink {
  state: ClientState = "closed";
  #socket: Socket<Client> | undefined;
  #head = "";
  #frames = new FrameReader();
  /** What the kernel had no room for. */
  #unsent: Buffer[] = [];
  #closeCode = 1006;

  constructor(
    readonly index: number,
    readonly seat: Seat,
    private readonly wire: Wire,
    private readonly events: ClientEvents,
  ) {}

  /** Resolves when connected; whether the upgrade succeeds is told by the events. Rejects when nobody listens. */
  async connect(url: string): Promise<void> {
    const { hostname, port } = new URL(url);
    this.state = "upgrading";
    this.#head = "";
    this.#frames = new FrameReader();
    this.#unsent = [];
    this.#closeCode = 1006;
    const address = hostname === "127.0.0.1" ? `127.0.0.${1 + (this.index % loopbackAddresses)}` : hostname;
    await Bun.connect<Client>({ hostname: address, port: Number(port), data: this, socket: handlers });
  }

  /** Called by the platform. */
  opened(socket: Socket<Client>): void {
    this.#socket = socket;
    const { path, headers } = this.wire.upgrade(this.seat);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.write(
      Buffer.from(
        `GET ${path} HTTP/1.1\r\nHost: ${socket.remoteAddress}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGFybGV5LWJlbmNoLWtleQ==\r\n${lines.join("")}\r\n`,
      ),
    );
  }

  received(chunk: Buffer): void {
    if (this.state === "upgrading") {
      this.#readHead(chunk);
      return;
    }
    this.#frames.read(chunk, this);
    this.events.read?.(this);
  }

  #readHead(chunk: Buffer): void {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return;
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    const status = this.#head.slice(0, this.#head.indexOf("\r\n"));
    this.#head = "";
    if (!status.startsWith("HTTP/1.1 101")) {
      this.#socket?.terminate();
      throw new Error(`the upgrade was answered with ${status}`);
    }
    this.state = "greeting";
    for (const text of this.wire.opening(this.seat)) this.say(text);
    if (rest.length > 0) this.received(rest);
  }

  text(bytes: Buffer, from: number, to: number): void {
    if (this.state === "ready") {
      this.events.frame(this, bytes, from, to);
      return;
    }
    const greeting = this.wire.greet(this.seat, bytes.toString("utf8", from, to));
    if (greeting === "ready") {
      this.state = "ready";
      this.events.ready?.(this);
    } else {
      for (const text of greeting.say) this.say(text);
    }
  }

  ping(payload: Buffer): void {
    this.write(pongFrame(payload));
  }

  close(code: number): void {
    this.#closeCode = code;
  }

  /** Sends a text. */
  say(text: string): void {
    this.write(clientFrame(text).bytes);
  }

  /** Sends bytes; what the kernel has no room for now goes when it has. The memory is the caller's again at once. */
  write(bytes: Buffer): void {
    if (this.#unsent.length > 0) {
      this.#unsent.push(Buffer.from(bytes));
      return;
    }
    const written = this.#socket?.write(bytes) ?? 0;
    if (written < 0) return;
    if (written < bytes.length) this.#unsent.push(Buffer.from(bytes.subarray(written)));
  }

  drained(): void {
    const rest = Buffer.concat(this.#unsent.splice(0));
    if (rest.length > 0) this.write(rest);
  }

  /** Whether something waits for the kernel. */
  get isBlocked(): boolean {
    return this.#unsent.length > 0;
  }

  /** Reads no more: the peer's kernel buffers fill, then its own. */
  stopReading(): void {
    this.#socket?.pause();
  }

  ended(): void {
    const during = this.state;
    if (during === "closed") return;
    this.state = "closed";
    this.#socket = undefined;
    this.events.closed?.(this, this.#closeCode, during);
  }

  terminate(): void {
    this.#socket?.terminate();
  }
}

const handlers = {
  binaryType: "buffer" as const,
  open: (socket: Socket<Client>) => socket.data.opened(socket),
  data: (socket: Socket<Client>, chunk: Buffer) => socket.data.received(chunk),
  drain: (socket: Socket<Client>) => socket.data.drained(),
  close: (socket: Socket<Client>) => socket.data.ended(),
};

/** Connects clients in turns to all of `urls`, so many at a time; resolves when all are connected. */
export async function connectAll(
  clients: readonly Client[],
  urls: readonly [string, ...string[]],
  atOnce = 128,
): Promise<void> {
  let next = 0;
  const connectNext = async () => {
    for (let client = clients[next++]; client; client = clients[next++]) {
      await client.connect(urls[client.index % urls.length] ?? urls[0]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, connectNext));
}
