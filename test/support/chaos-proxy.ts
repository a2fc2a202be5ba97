import { connect, createServer, type AddressInfo, type Socket } from "node:net";

interface Link {
  client: Socket;
  server: Socket;
}

/** A TCP proxy before a server that spoils what goes through it. */
export class ChaosProxy {
  #links = new Set<Link>();
  /** Ends towards the server that are not read from. */
  #unread = new Set<Socket>();
  #delayMs = 0;
  #isTrickling = false;
  #silent: "both" | "to client" | undefined;
  #refuses = false;
  /** What was lost since the last {@link silence}, in pieces. */
  swallowed = 0;
  readonly #server = createServer((client) => this.#accept(client));

  private constructor(
    private readonly pick: () => string | undefined,
    private readonly host: string,
    /** How many connections were ever accepted. */
    public accepted = 0,
  ) {}

  /**
   * Listens on a free port of `host` and forwards to the server behind `url`; with a function, each connection to the one
   * that it names then (`undefined`: refused), as a balancer does.
   */
  static async before(url: string | (() => string | undefined), host = "127.0.0.1"): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(typeof url === "string" ? () => url : url, host);
    await new Promise<void>((resolve) => proxy.#server.listen(0, host, resolve));
    return proxy;
  }

  get url(): string {
    return `http://${this.host}:${(this.#server.address() as AddressInfo).port}`;
  }

  get wsUrl(): string {
    return `${this.url.replace("http", "ws")}/ws`;
  }

  /** The address of what is behind it, reached through it. */
  through(url: string): string {
    const own = new URL(url);
    own.hostname = this.host;
    own.port = String((this.#server.address() as AddressInfo).port);
    return own.href;
  }

  get open(): number {
    return this.#links.size;
  }

  /** Whatever passes from now on comes `ms` later; 0 ends it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Whatever passes from now on comes one byte a packet. */
  trickle(on = true): void {
    this.#isTrickling = on;
  }

  /** Resets every connection. New ones are refused until {@link restore}. */
  cut(): void {
    this.#refuses = true;
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /**
   * Half-open: both ends stay connected, and nothing goes through any more; as when a cable is pulled. `"to client"`:
   * what the client sends still arrives.
   */
  silence(direction: "both" | "to client" = "both"): void {
    this.swallowed = 0;
    this.#silent = direction;
  }

  /** The client takes no more of what the server sends: its buffers fill up, and then the server's. */
  stopReading(): void {
    for (const { server } of this.#links) {
      this.#unread.add(server);
      server.pause();
    }
  }

  restore(): void {
    this.#refuses = false;
    this.#silent = undefined;
    for (const server of this.#unread) server.resume();
    this.#unread.clear();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    const target = this.#refuses ? undefined : this.pick();
    if (target === undefined) {
      client.resetAndDestroy();
      return;
    }
    this.accepted++;
    const { hostname, port } = new URL(target);
    const server = connect({ host: hostname, port: Number(port) });
    const link = { client, server };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      let passed = Promise.resolve();
      from.on("data", (chunk: Buffer) => {
        if (this.#silent === "both" || (this.#silent === "to client" && from === server)) {
          this.swallowed++;
          return;
        }
        const due = performance.now() + this.#delayMs;
        passed = passed.then(() => this.#pass(chunk, from, to, due));
      });
      // A cut shows as an error on the other end as well: that is what the proxy is for.
      from.on("error", () => to.destroy());
      from.on("end", () => void passed.then(() => to.end()));
      from.on("close", () => {
        this.#links.delete(link);
        this.#unread.delete(from);
        void passed.then(() => to.destroy());
      });
    }
  }

  async #pass(chunk: Buffer, from: Socket, to: Socket, due: number): Promise<void> {
    const waitMs = due - performance.now();
    if (this.#delayMs > 0 && waitMs > 0) await Bun.sleep(waitMs);
    const pieces = this.#isTrickling ? Array.from(chunk, (byte) => Buffer.of(byte)) : [chunk];
    for (const piece of pieces) {
      if (to.destroyed) return;
      if (this.#isTrickling) await new Promise((resolve) => setImmediate(resolve));
      if (to.write(piece)) continue;
      from.pause();
      await new Promise<void>((resolve) => {
        to.once("drain", resolve);
        to.once("close", resolve);
      });
      if (!this.#unread.has(from)) from.resume();
    }
  }
}
