import { z } from "zod";
import type { CommandInput, CommandName } from "../../src/protocol/commands.ts";
import { events, type EventName, type EventPayload, type ServerFrame } from "../../src/protocol/events.ts";
import { patienceMs, within } from "./deferred.ts";

/** As the server sends it to those from whom nothing is hidden; a stub is looked at as what it is. */
export type Frame<N extends EventName = EventName> = N extends EventName
  ? Omit<Extract<ServerFrame, { type: N }>, "type" | "payload"> & { type: N; payload: EventPayload<N> }
  : never;

interface Waiting {
  matches: (frame: Frame) => boolean;
  resolve: (frame: Frame) => void;
}

/** Any frame of the server: its payload is checked against the registry when it arrives, so every test checks the wire. */
const envelope = z.object({
  type: z.enum(Object.keys(events) as [EventName, ...EventName[]]),
  payload: z.unknown(),
  ref: z.string().optional(),
  timestamp: z.string(),
});

function parseFrame(raw: string): Frame {
  const frame = envelope.parse(JSON.parse(raw));
  const event: { payload: z.ZodType; hidden?: z.ZodType } = events[frame.type];
  const payload = event.payload.safeParse(frame.payload);
  if (!payload.success && event.hidden?.safeParse(frame.payload).success !== true)
    throw new Error(`${frame.type} is not as in the registry: ${payload.error?.message}\n${raw}`);
  return { ...frame, payload: frame.payload } as Frame;
}

/** Parts of an answer, each with its `ref`: `sync_done` ends it. */
const streamed = new Set<EventName>(["sync_batch", "sync_reset", "room_removed"]);

/** The browser's type knows neither headers nor `terminate`, which Bun's sockets have. */
const BunWebSocket = WebSocket as unknown as { new (url: string, options: Bun.WebSocketOptions): Bun.WebSocket };

/** A raw WebSocket that keeps all it gets and lets a test wait for what comes, without a sleep. */
export class TestSocket {
  /** Everything that arrived, in order. */
  readonly frames: Frame[] = [];
  /** How the socket ended; resolves for every end, also a refused upgrade. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly opened: Promise<void>;
  /** What the server sent that is not as in the registry; `next` and `fence` throw it. */
  #broken: Error | undefined;
  #unread: Frame[] = [];
  #waiting = new Set<Waiting>();
  #end: { code: number; reason: string } | undefined;
  #refs = 0;
  #listeners = new Map<EventName, (frame: Frame) => void>();
  readonly #socket: Bun.WebSocket;

  constructor(url: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
    this.#socket = new BunWebSocket(url, options);
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    const opened = Promise.withResolvers<void>();
    this.closed = closed.promise;
    this.opened = opened.promise;
    this.opened.catch(() => {});
    this.#socket.addEventListener("open", () => opened.resolve());
    this.#socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
    this.#socket.addEventListener("close", ({ code, reason }) => {
      this.#end = { code, reason };
      opened.reject(new Error(`the socket was not opened: ${code} ${reason}`));
      closed.resolve(this.#end);
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  #receive(raw: string): void {
    let frame: Frame;
    try {
      frame = parseFrame(raw);
    } catch (error) {
      this.#broken ??= error instanceof Error ? error : new Error(String(error));
      return;
    }
    this.frames.push(frame);
    const listener = this.#listeners.get(frame.type);
    if (listener && frame.ref === undefined) {
      listener(frame);
      return;
    }
    for (const waiting of this.#waiting) {
      if (!waiting.matches(frame)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(frame);
      return;
    }
    this.#unread.push(frame);
  }

  /** Hands every frame of a type that answers no {@link request} to `listener`, first those that no call has taken. */
  each<N extends EventName>(type: N, listener: (payload: EventPayload<N>) => void): void {
    const hand = (frame: Frame) => listener(frame.payload as EventPayload<N>);
    this.#listeners.set(type, hand);
    const here = this.#unread.filter((frame) => frame.type === type);
    this.#unread = this.#unread.filter((frame) => frame.type !== type);
    for (const frame of here) hand(frame);
  }

  /** Takes the first frame of this type (that fits `where`) which no call has taken yet, or waits for it. */
  async next<N extends EventName>(
    type: N,
    where: (payload: EventPayload<N>) => boolean = () => true,
  ): Promise<Frame<N>> {
    const matches = (frame: Frame): frame is Frame<N> => frame.type === type && where(frame.payload as EventPayload<N>);
    return (await this.#take(matches, type)) as Frame<N>;
  }

  async #take(matches: (frame: Frame) => boolean, what: string): Promise<Frame> {
    const at = this.#unread.findIndex(matches);
    if (at >= 0) {
      const [frame] = this.#unread.splice(at, 1);
      if (frame) return frame;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    const waiting = { matches, resolve };
    this.#waiting.add(waiting);
    void this.closed.then(({ code }) => reject(new Error(`closed with ${code} while waiting for ${what}`)));
    try {
      return await within(promise, () => `${what} did not come. ${this.#state()}`);
    } catch (error) {
      throw this.#broken ?? error;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  #state(): string {
    const unread = this.#unread.map(({ type, payload }) => `${type} ${JSON.stringify(payload).slice(0, 200)}`);
    return `${this.#end ? `Closed with ${this.#end.code}. ` : ""}Unread: ${unread.join("; ").slice(0, 2_000) || "nothing"}`;
  }

  /** Sends a frame as it is; a string goes out untouched. */
  send(frame: string | Uint8Array<ArrayBuffer> | object): void {
    this.#socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Sends a command with a `ref` and gives the frame that repeats it, whatever it is. */
  async request<N extends CommandName>(type: N, payload: CommandInput<N>): Promise<Frame> {
    return this.requestRaw({ type, payload });
  }

  /** As {@link request}, of anything. */
  async requestRaw(frame: { type: string; payload?: unknown }): Promise<Frame> {
    const ref = `ref-${++this.#refs}`;
    const answer = this.#take(
      (answered) => answered.ref === ref && !streamed.has(answered.type),
      `the answer to ${frame.type}`,
    );
    this.send({ ...frame, ref });
    return answer;
  }

  /** Sends a command that must be acknowledged. */
  async ack(
    type: "join_room" | "leave_room" | "authenticate",
    payload: CommandInput<typeof type>,
  ): Promise<Frame<"ack">> {
    const answer = await this.request(type, payload);
    if (answer.type !== "ack") throw new Error(`${type} was answered by ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Sends a message that must be acknowledged. */
  async say(
    roomId: string,
    content: string,
    tempId: string = Bun.randomUUIDv7(),
  ): Promise<EventPayload<"message_ack">> {
    const answer = await this.request("send_message", { room_id: roomId, content, temp_id: tempId });
    if (answer.type !== "message_ack") throw new Error(`the message was answered by ${JSON.stringify(answer)}`);
    return answer.payload;
  }

  /** A command that must be refused: gives the `error` payload. */
  async refused(type: string, payload?: unknown): Promise<EventPayload<"error">> {
    const answer = await this.requestRaw({ type, payload });
    if (answer.type !== "error") throw new Error(`${type} was not refused but answered by ${JSON.stringify(answer)}`);
    return answer.payload;
  }

  /** Returns once everything that the server sent to this socket before now has arrived. */
  async fence(): Promise<void> {
    await this.request("ping", {});
    if (this.#broken) throw this.#broken;
  }

  /** The payloads of one type that have arrived so far. Call {@link fence} first to say "none came". */
  seen<N extends EventName>(type: N): EventPayload<N>[] {
    return this.frames.filter((frame) => frame.type === type).map((frame) => frame.payload as EventPayload<N>);
  }

  /** Waits for the frame that ends the sign-in. */
  async ready(): Promise<Frame<"ready">> {
    return this.next("ready");
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }

  /** Drops the connection without a close frame. */
  cut(): void {
    this.#socket.terminate();
  }
}

/** How a socket ended, when it must within the patience of a test. */
export function closing(socket: TestSocket, ms: number = patienceMs): Promise<{ code: number; reason: string }> {
  return within(socket.closed, () => "the socket was not closed", ms);
}
