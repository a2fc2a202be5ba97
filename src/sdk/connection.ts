import { shouldReconnect } from "../protocol/close.ts";
import type { CommandInput, CommandName } from "../protocol/commands.ts";
import type { EventName, EventPayload, ServerFrame } from "../protocol/events.ts";
import { heartbeat } from "../protocol/limits.ts";
import { retryDelayMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import { endsSession } from "./session.ts";
import type { Socket, SocketFactory } from "./socket.ts";
import type { ConnectionState } from "./state.ts";

export interface ConnectionOptions {
  /** Origin of the server, e.g. `https://chat.example`. */
  url: string;
  openSocket: SocketFactory;
  clock: Clock;
  /**
   * The token to sign in with; null for a guest. With `doubted` the last one may have been refused: ask the server.
   * Throws an `ApiError` that ends the session, or anything else to be asked again later.
   */
  credential(doubted: boolean): Promise<string | null>;
  /** Whether the device believes that it has a network. */
  isOnline(): boolean;
  onFrame(frame: ServerFrame): void;
  onState(state: ConnectionState): void;
}

/** The frame of type `R` that answers a command. */
type Answer<N extends CommandName> = N extends "send_message"
  ? EventPayload<"message_ack">
  : N extends "ping"
    ? EventPayload<"pong">
    : N extends "sync"
      ? EventPayload<"sync_done"> | EventPayload<"sync_reset">
      : N extends "watch_presence"
        ? EventPayload<"presence">
        : EventPayload<"ack">;

interface Waiting {
  resolve(payload: never): void;
  reject(error: Error): void;
}

const answers: ReadonlySet<EventName> = new Set(["ack", "message_ack", "pong", "presence", "sync_done", "sync_reset"]);
/** From opening a socket to `ready`. */
const readyWithinMs = 20_000;
/** A connection that lived this long was a good one: the tries are counted anew. */
const provenAfterMs = 10_000;
const lost = 1006;
const signedOut = 4001;
const tokenExpired = 4002;
const flooding = 4029;

/** The one socket of a client: opens it, keeps it alive, and opens it again. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  #state: ConnectionState = { status: "closed", attempt: 0, retryAtMs: null, code: null };
  #socket: Socket | null = null;
  /** Tells the sockets of earlier attempts, whose late news nobody wants, from the present one. */
  #generation = 0;
  #attempt = 0;
  #readySinceMs: number | null = null;
  /** Whether anything has come since the last ping. */
  #heard = false;
  #doubted = false;
  /** Told by the server before it restarts. */
  #notBeforeMs = 0;
  #nextRef = 1;
  readonly #waiting = new Map<string, Waiting>();
  #cancelTimer = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Opens the socket now instead of at the end of the wait, also after it was closed for good. */
  retryNow(): void {
    if (this.#state.status !== "ready" && this.#state.status !== "connecting") void this.#connect();
  }

  /** Gives up the present connection, if any, for a new one. */
  restart(): void {
    void this.#connect();
  }

  /** The page woke or the network changed: comes back at once, or makes sure that the other end is still there. */
  wake(): void {
    if (this.#state.status === "ready") this.#beat();
    else if (this.#state.status !== "closed") this.retryNow();
  }

  close(): void {
    this.#abandon();
    this.#setState({ status: "closed", attempt: 0, retryAtMs: null, code: null });
  }

  /** Sends a command; false when there is no ready connection. `ref` comes back in the answer. */
  send<N extends CommandName>(type: N, payload: CommandInput<N>, ref?: string): boolean {
    if (this.#socket === null || this.#readySinceMs === null) return false;
    this.#socket.send(JSON.stringify(ref === undefined ? { type, payload } : { type, payload, ref }));
    return true;
  }

  /** Sends a command and waits for its answer. Throws `ApiError`, or `ConnectionError` when the connection breaks first. */
  request<N extends CommandName>(type: N, payload: CommandInput<N>): Promise<Answer<N>> {
    return new Promise((resolve, reject) => {
      const ref = `r${this.#nextRef++}`;
      if (this.send(type, payload, ref)) this.#waiting.set(ref, { resolve, reject });
      else reject(new ConnectionError("There is no connection"));
    });
  }

  async #connect(): Promise<void> {
    this.#abandon();
    const generation = this.#generation;
    this.#setState({ status: "connecting", attempt: this.#attempt, retryAtMs: null, code: this.#state.code });
    let token: string | null;
    try {
      token = await this.#options.credential(this.#doubted);
    } catch (error) {
      if (generation === this.#generation) this.#lost(endsSession(error) ? signedOut : lost, error);
      return;
    }
    if (generation !== this.#generation) return;
    const base = `${this.#options.url.replace(/^http/, "ws").replace(/\/+$/, "")}/ws`;
    // Until the server has let us in, a failure may be the token's: a refused upgrade looks like a lost connection.
    this.#doubted = true;
    this.#socket = this.#options.openSocket(
      token === null ? `${base}?guest=1` : base,
      token === null ? [] : ["parley.v1", `bearer.${token}`],
      {
        frame: (text) => {
          if (generation === this.#generation) this.#receive(JSON.parse(text) as ServerFrame);
        },
        closed: (code) => {
          if (generation === this.#generation) this.#lost(code);
        },
      },
    );
    this.#cancelTimer = this.#clock.after(readyWithinMs, () => this.#lost(lost));
  }

  #receive(frame: ServerFrame): void {
    this.#heard = true;
    if (frame.type === "connected") this.#doubted = false;
    if (frame.type === "ready") this.#readySinceMs = this.#clock.now();
    if (frame.type === "server_shutdown") {
      this.#notBeforeMs = this.#clock.now() + frame.payload.reconnect_after_ms;
    }
    const generation = this.#generation;
    this.#options.onFrame(frame);
    if (generation !== this.#generation) return; // closed by whoever heard it
    this.#settle(frame);
    if (frame.type === "ready") {
      this.#beatAfter(heartbeat.pingEveryS);
      this.#setState({ status: "ready", attempt: 0, retryAtMs: null, code: null });
    }
  }

  #settle(frame: ServerFrame): void {
    const waiting = frame.ref === undefined ? undefined : this.#waiting.get(frame.ref);
    if (!waiting || frame.ref === undefined) return;
    if (frame.type === "error") {
      const { code, message, details, retry_after_ms } = frame.payload;
      waiting.reject(new ApiError({ status: null, code, message, details, retryAfterMs: retry_after_ms }));
    } else if (answers.has(frame.type)) {
      waiting.resolve(frame.payload as never);
    } else {
      return; // a frame on the way to the answer, such as `sync_batch`
    }
    this.#waiting.delete(frame.ref);
  }

  #beatAfter(seconds: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(seconds * 1000, () => this.#beat());
  }

  /** Pings also where frames keep coming, since the server counts what it hears; any frame will do as the pong. */
  #beat(): void {
    this.#cancelTimer();
    this.#heard = false;
    this.send("ping", {});
    this.#cancelTimer = this.#clock.after(heartbeat.pongWithinS * 1000, () => {
      if (this.#heard) this.#beatAfter(heartbeat.pingEveryS - heartbeat.pongWithinS);
      else this.#lost(lost);
    });
  }

  #lost(code: number, cause?: unknown): void {
    const now = this.#clock.now();
    const proven = this.#readySinceMs !== null && now - this.#readySinceMs >= provenAfterMs;
    this.#abandon();
    if (!shouldReconnect(code)) {
      this.#attempt = 0;
      this.#setState({ status: "closed", attempt: 0, retryAtMs: null, code });
      return;
    }
    if (code === tokenExpired) this.#doubted = true;
    this.#attempt = proven ? 1 : this.#attempt + 1;
    const pacedBy = code === flooding ? Number.POSITIVE_INFINITY : this.#attempt;
    const toldMs = cause instanceof ApiError ? (cause.retryAfterMs ?? 0) : 0;
    const earliest = Math.max(this.#notBeforeMs, now + toldMs, now);
    const retryAtMs = earliest + retryDelayMs(pacedBy, this.#clock.random());
    this.#cancelTimer = this.#clock.after(retryAtMs - now, () => void this.#connect());
    const status = this.#options.isOnline() ? "waiting" : "offline";
    this.#setState({ status, attempt: this.#attempt, retryAtMs, code });
  }

  /** Lets go of the present socket without waiting for its farewell, which a dead network never brings. */
  #abandon(): void {
    this.#generation++;
    this.#cancelTimer();
    this.#cancelTimer = () => {};
    this.#readySinceMs = null;
    this.#socket?.close();
    this.#socket = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new ConnectionError("The connection broke"));
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
