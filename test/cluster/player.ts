import { createClient, type Parley } from "../../src/sdk/client.ts";
import type { SocketFactory } from "../../src/sdk/socket.ts";
import type { Credentials } from "../../src/protocol/models.ts";
import type { Journal } from "../support/journal.ts";
import { type Reachable, testPassword } from "../support/people.ts";
import { Ear, type Knowledge, words } from "./ear.ts";

/** What the players share. */
export class Script implements Knowledge {
  readonly writtenMs = new Map<string, number>();
  #count = 0;

  constructor(readonly journal: Journal) {}

  write(author: string): string {
    const text = words(author, ++this.#count);
    this.writtenMs.set(text, performance.now());
    return text;
  }
}

/** Every request a connection of its own, so that each may go to another node. */
const wayward = (url: string, init: RequestInit) => fetch(url, { ...init, keepalive: false });

/** A person on one device, whose connections all go through the cluster's balancer. */
export class Player {
  readonly ear: Ear;
  readonly client: Parley;
  #tokens: Credentials | null = null;
  #cut = () => {};
  #followedSeq = 0;

  constructor(
    private readonly server: Pick<Reachable, "url">,
    readonly name: string,
    readonly script: Script,
  ) {
    this.ear = new Ear(name, script);
    const ear = this.ear;
    const socket: SocketFactory = (url, protocols, events) => {
      const connection: Bun.WebSocket = new WebSocket(url, protocols) as unknown as Bun.WebSocket;
      const hear = ear.connection();
      connection.onmessage = ({ data }) => {
        hear(String(data));
        events.frame(String(data));
      };
      connection.onclose = ({ code }) => events.closed(code);
      this.#cut = () => connection.terminate();
      return { send: (text) => connection.send(text), close: () => connection.close(1000) };
    };
    this.client = createClient({ url: server.url, fetch: wayward, socket, tokens: this.#keeper() });
  }

  get id(): string {
    if (this.client.me === null) throw new Error(`${this.name} is nobody yet`);
    return this.client.me.id;
  }

  async begin(): Promise<void> {
    await this.client.register({ username: this.name, password: testPassword });
    await this.client.connect();
  }

  /** Sends, and keeps a journal of it; resolves when it is acked or refused for good. */
  say(roomId: string): Promise<void> {
    const content = this.script.write(this.name);
    return this.#journal(roomId, content, this.client.send(roomId, content));
  }

  /** The same to a person; the first message makes the room. */
  writeTo(userId: string): Promise<void> {
    const content = this.script.write(this.name);
    return this.#journal(undefined, content, this.client.sendTo(userId, content));
  }

  /** Keeps in the journal everything that is said in a room from now on, as it comes. */
  follow(roomId: string): void {
    const { last_seq = 0 } = this.client.store.getSnapshot().rooms[roomId] ?? {};
    const receive = this.script.journal.receiver(this.name, roomId, last_seq);
    this.client.onMessage((each) => {
      if (each.room_id !== roomId) return;
      this.#followedSeq = each.seq;
      receive({ id: each.id, seq: each.seq, content: "is_hidden" in each ? undefined : each.content });
    });
  }

  /** The last message that {@link follow} has brought. */
  get followedSeq(): number {
    return this.#followedSeq;
  }

  /** The connection is gone without a word. */
  cut(): void {
    this.#cut();
  }

  /** The same session on a client that knows nothing yet. */
  async afresh(): Promise<Parley> {
    const client = createClient({
      url: this.server.url,
      fetch: wayward,
      tokens: { load: () => this.#tokens, save() {}, clear() {} },
    });
    if ((await client.restore()) === null) throw new Error(`${this.name} is signed out`);
    await client.connect();
    return client;
  }

  #journal(roomId: string | undefined, content: string, { tempId, acked }: ReturnType<Parley["send"]>): Promise<void> {
    const { journal } = this.script;
    journal.sent({ senderId: this.id, roomId, tempId, content });
    return acked.then(
      ({ id, seq }) => journal.acked({ tempId, id, seq }),
      (error: unknown) => journal.refused(tempId, error instanceof Error ? error.message : String(error)),
    );
  }

  #keeper() {
    return {
      load: () => this.#tokens,
      save: (tokens: Credentials) => void (this.#tokens = tokens),
      clear: () => void (this.#tokens = null),
    };
  }
}
