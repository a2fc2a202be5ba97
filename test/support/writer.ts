import { within } from "./deferred.ts";
import type { Journal } from "./journal.ts";
import type { Person } from "./people.ts";
import type { TestSocket } from "./socket.ts";

/**
 * A person who writes as fast as the acks come back, keeps a journal, and after every cut sends again what was not
 * acked, with the same `temp_id`: what a good client does.
 */
export class Writer {
  /** Sends that were neither acked nor given up. */
  readonly inFlight = new Map<string, { roomId: string; content: string }>();
  /** Error codes that came instead of acks. */
  readonly refusals: string[] = [];
  acked = 0;
  #socket: TestSocket | undefined;
  #isWriting = false;
  #count = 0;
  #watching: { enough: () => boolean; resolve: () => void }[] = [];

  constructor(
    public person: Person,
    private readonly journal: Journal,
    /** Into which room each message goes. */
    private readonly pickRoom: () => string,
    /** Sends under way at once. */
    private readonly window = 8,
  ) {}

  /** Connects (again), sends again what is open, and goes on writing. */
  async connect(wsUrl?: string): Promise<void> {
    const socket = await this.person.connect(wsUrl === undefined ? {} : { wsUrl });
    this.#socket = socket;
    socket.each("message_ack", ({ temp_id, id, seq }) => {
      this.journal.acked({ tempId: temp_id, id, seq });
      this.inFlight.delete(temp_id);
      this.acked++;
      this.#settle();
    });
    socket.each("error", ({ code, temp_id, message }) => {
      this.refusals.push(`${code} ${message}`);
      if (code === "UNAVAILABLE" && temp_id !== undefined) this.#send(temp_id);
      this.#settle();
    });
    for (const tempId of this.inFlight.keys()) this.#send(tempId);
    this.#settle();
  }

  start(): void {
    this.#isWriting = true;
    this.#settle();
  }

  /** Writes nothing new; what is open stays open. */
  pause(): void {
    this.#isWriting = false;
  }

  /** Resolves when `count` acks have come since the beginning. */
  reached(count: number): Promise<void> {
    return this.#when(() => this.acked >= count, `${count} acks of ${this.person.username}`);
  }

  /** Stops writing and resolves when everything is acked. */
  finish(): Promise<void> {
    this.pause();
    return this.#when(() => this.inFlight.size === 0, `the last acks of ${this.person.username}`);
  }

  cut(): void {
    this.#socket?.cut();
  }

  #when(enough: () => boolean, what: string): Promise<void> {
    if (enough()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watching.push({ enough, resolve });
    return within(
      promise,
      () => `${what} did not come: ${this.acked} acks, ${this.inFlight.size} open, refused: ${this.refusals.slice(-3)}`,
      20_000,
    );
  }

  #settle(): void {
    while (this.#isWriting && this.inFlight.size < this.window) this.#writeNew();
    this.#watching = this.#watching.filter(({ enough, resolve }) => {
      if (!enough()) return true;
      resolve();
      return false;
    });
  }

  #writeNew(): void {
    const tempId = Bun.randomUUIDv7();
    const roomId = this.pickRoom();
    const content = `${this.person.username} ${++this.#count}`;
    this.journal.sent({ senderId: this.person.id, roomId, tempId, content });
    this.inFlight.set(tempId, { roomId, content });
    this.#send(tempId);
  }

  #send(tempId: string): void {
    const open = this.inFlight.get(tempId);
    if (!open) return;
    const payload = { room_id: open.roomId, content: open.content, temp_id: tempId };
    this.#socket?.send({ type: "send_message", payload });
  }
}
