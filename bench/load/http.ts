import type { Socket } from "bun";

/** A request, whole; `path` with its query. */
export interface HttpRequest {
  method: string;
  path: string;
  token?: string;
  body?: string;
}

export interface HttpAnswer {
  status: number;
  body: Buffer;
}

interface Pending {
  resolve(answer: HttpAnswer): void;
  reject(error: Error): void;
}

/** HTTP/1.1 over one raw TCP connection that is kept: one request at a time, bodies with a length. */
class Connection {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the whole answer; `undefined` until its head is read. */
  #expected: number | undefined;
  #head = { status: 0, length: 0 };
  #pending: Pending | undefined;

  private constructor(
    private readonly host: string,
    private readonly ended: (connection: Connection) => void,
  ) {}

  #socket: Socket | undefined;

  static async open(url: URL, ended: (connection: Connection) => void): Promise<Connection> {
    const connection = new Connection(url.host, ended);
    connection.#socket = await Bun.connect({
      hostname: url.hostname,
      port: Number(url.port),
      socket: {
        binaryType: "buffer",
        data: (_socket, chunk) => connection.#received(chunk),
        close: () => connection.#closed(),
      },
    });
    return connection;
  }

  ask({ method, path, token, body = "" }: HttpRequest): Promise<HttpAnswer> {
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${this.host}`];
    if (token !== undefined) lines.push(`Authorization: Bearer ${token}`);
    if (body !== "") lines.push("Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`);
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      // Requests are small and the last one was answered: the kernel has room.
      this.#socket?.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
    });
  }

  #received(chunk: Buffer): void {
    // A copy: the chunk's memory belongs to the socket.
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    if (this.#expected === undefined) this.#readHead();
    if (this.#expected === undefined || this.#bytes < this.#expected) return;
    const { status, length } = this.#head;
    const body = Buffer.concat(this.#chunks).subarray(length, this.#expected);
    this.#chunks = [];
    this.#bytes = 0;
    this.#expected = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve({ status, body });
  }

  #readHead(): void {
    const text = Buffer.concat(this.#chunks).toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = text.slice(0, end);
    const status = Number(head.slice(9, 12));
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    if (length === undefined && status !== 204) this.#fail(`an answer without a length: ${head}`);
    this.#head = { status, length: end + 4 };
    this.#expected = end + 4 + Number(length ?? 0);
  }

  #closed(): void {
    this.ended(this);
    this.#fail("the connection was closed before the answer");
  }

  #fail(what: string): void {
    this.#pending?.reject(new Error(what));
    this.#pending = undefined;
  }
}

/** As many kept connections as there are requests at the same time. */
export class HttpClient {
  readonly #url: URL;
  readonly #idle: Connection[] = [];

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Rejects when the connection breaks. */
  async ask(request: HttpRequest): Promise<HttpAnswer> {
    const connection = this.#idle.pop() ?? (await Connection.open(this.#url, (gone) => this.#forget(gone)));
    const answer = await connection.ask(request);
    this.#idle.push(connection);
    return answer;
  }

  #forget(connection: Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }
}
