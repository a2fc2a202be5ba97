import type { Me } from "../../src/protocol/models.ts";
import type { SocketEvents, SocketFactory } from "../../src/sdk/socket.ts";
import type { Fetch } from "../../src/sdk/transport.ts";
import { asMember, type Event, type ModelRoom, person } from "./model-room.ts";

interface ModelSocket {
  events: SocketEvents;
  toServer: string[];
  toClient: (Event & { ref?: string | undefined })[];
  open: boolean;
  /** Events since the socket was opened, until its `ready` is made: they come after it though it already has them. */
  early: readonly Event[] | null;
}

interface ModelRequest {
  method: string;
  url: URL;
  /** The answer, once the server has made it; it is still on its way. */
  answer: Response | null;
  arrives(response: Response): void;
  breaks(error: Error): void;
}

export const ann = person("ann");
const me: Me = {
  ...ann,
  status: "online",
  last_seen_at: null,
  bio: "",
  status_text: "",
  gender: null,
  email: null,
  email_verified: false,
  role: "user",
  privacy: { read_receipts: true, last_seen: true, direct_messages: "everyone" },
  created_at: "2026-01-09T10:30:00.000Z",
  last_login_at: null,
};

/**
 * A server of one room and one client in memory, whose network moves only when it is told to: frames and requests wait in
 * both directions until `process` (at the server) and `deliver` (at the client) take some of them.
 */
export class ModelServer {
  epoch = "first";
  reachable = true;
  /** Codes to refuse the next sends with. */
  refusals: { code: string; retry_after_ms?: number }[] = [];
  /** Changes in one `sync_batch`. */
  changesPerBatch = 7;
  /** What is answered over HTTP, to whom: `POST /auth/login`. */
  readonly requested: string[] = [];
  /** Bearer tokens of the sockets that were opened. */
  readonly tokens: (string | null)[] = [];
  readonly processed: string[] = [];
  #socket: ModelSocket | null = null;
  #requests: ModelRequest[] = [];
  #issued = 0;
  /** Answers that were made and wait for the next `process`, so that later events overtake them. */
  #slow: (() => void)[] = [];
  /** How access tokens are answered over HTTP and at the upgrade. */
  tokenIsGood = (_token: string) => true;
  refreshIsGood = true;
  guests = true;
  /** Of the access tokens that are issued. */
  expiresAt = "2026-01-10T10:30:00.000Z";

  constructor(public room: ModelRoom) {}

  readonly openSocket: SocketFactory = (_url, protocols, events) => {
    const token = protocols[1]?.replace("bearer.", "") ?? null;
    this.tokens.push(token);
    const socket: ModelSocket = { events, toServer: [], toClient: [], open: true, early: [] };
    if (!this.reachable || (token === null ? !this.guests : !this.tokenIsGood(token))) {
      queueMicrotask(() => events.closed(1006));
      return { send: () => {}, close: () => {} };
    }
    this.#socket = socket;
    this.#push({
      type: "connected",
      payload: {
        user_id: ann.id,
        session_id: "session",
        server_time: me.created_at,
        epoch: this.epoch,
        heartbeat_s: 30,
      },
    });
    this.#slow.push(() => {
      if (this.#socket !== socket) return;
      const empty = { friends: [], friend_requests: [], blocks: [], presence: [], unread_notifications: 0 };
      const known = token === null ? { user: null, rooms: [] } : { user: me, rooms: [this.room.joinedRoom(ann)] };
      this.#push({ type: "ready", payload: { ...known, ...empty } });
      const early = socket.early ?? [];
      socket.early = null;
      this.publish(early);
    });
    return {
      send: (text) => void socket.toServer.push(text),
      close: () => {
        socket.open = false;
        if (this.#socket === socket) this.#socket = null;
      },
    };
  };

  readonly fetch: Fetch = (url, { method = "GET", headers }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const token = new Headers(headers).get("Authorization")?.replace("Bearer ", "");
    const request = { method, url: new URL(url), answer: null, arrives: resolve, breaks: reject };
    this.requested.push(`${method} ${request.url.pathname.replace("/api/v1", "")}`);
    if (!this.reachable) reject(new TypeError("unreachable"));
    else if (url.endsWith("/auth/refresh")) resolve(this.refreshIsGood ? ok(this.#credentials()) : refused());
    else if (token !== undefined && !this.tokenIsGood(token)) resolve(refused("TOKEN_EXPIRED"));
    else if (url.endsWith("/auth/login")) resolve(ok({ user: me, ...this.#credentials() }));
    else if (url.endsWith("/users/me")) resolve(ok(me));
    else if (url.endsWith("/auth/logout")) resolve(new Response(null, { status: 204 }));
    else this.#requests.push(request);
    return promise;
  };

  /** Something happens in the room; everybody connected will hear of it. */
  publish(events: readonly Event[]): void {
    if (this.#socket?.early) this.#socket.early = [...this.#socket.early, ...events];
    else for (const event of events) this.#push(event);
  }

  /** The server takes up to `count` frames or requests and answers them. */
  process(count = Number.POSITIVE_INFINITY): void {
    for (const request of this.#requests.filter(({ answer }) => answer === null).slice(0, count)) {
      request.answer = this.#answerRequest(request.url);
    }
    for (const answer of this.#slow.splice(0)) answer();
    const socket = this.#socket;
    for (const text of socket?.toServer.splice(0, count) ?? []) this.#answerFrame(JSON.parse(text));
  }

  /** Up to `count` frames or answers reach the client. */
  deliver(count = Number.POSITIVE_INFINITY): void {
    const answered = this.#requests.filter(({ answer }) => answer !== null).slice(0, count);
    this.#requests = this.#requests.filter((request) => !answered.includes(request));
    for (const { arrives, answer } of answered) if (answer) arrives(answer);
    const socket = this.#socket;
    for (const { ref, ...event } of socket?.toClient.splice(0, count) ?? []) {
      if (!socket?.open) return;
      socket.events.frame(JSON.stringify({ ...event, ...(ref && { ref }), timestamp: me.created_at }));
    }
  }

  /** The network breaks: what is on its way, in both directions, is lost. */
  cut(code = 1006): void {
    for (const { breaks } of this.#requests.splice(0)) breaks(new TypeError("cut"));
    const socket = this.#socket;
    this.#socket = null;
    if (socket?.open) {
      socket.open = false;
      socket.events.closed(code);
    }
  }

  /** Loses the frames of one room change that is on its way, as a bridge between two servers may. */
  lose(): void {
    const queue = this.#socket?.toClient;
    const lost = queue?.find(({ type }) => type === "new_message");
    if (!queue || lost?.type !== "new_message") return;
    const { rev } = lost.payload;
    const same = (event: Event) => event.type !== "sync_batch" && "rev" in event.payload && event.payload.rev === rev;
    this.#socket!.toClient = queue.filter((event) => !same(event) || event.type === "message_ack");
  }

  get connected(): boolean {
    return this.#socket !== null;
  }

  get idle(): boolean {
    const socket = this.#socket;
    const waiting = this.#requests.length + this.#slow.length;
    return waiting + (socket ? socket.toServer.length + socket.toClient.length : 0) === 0;
  }

  #push(event: Event, ref?: string): void {
    this.#socket?.toClient.push({ ...event, ref });
  }

  #credentials() {
    const token = `token-${++this.#issued}`;
    return { token, expires_at: this.expiresAt, refresh_token: `refresh-${this.#issued}` };
  }

  #answerRequest(url: URL): Response {
    if (url.pathname.endsWith("/messages")) {
      const { data, meta } = this.room.history(url.searchParams);
      return ok(data, meta);
    }
    if (url.pathname.endsWith("/members")) {
      return ok([...this.room.members.values()].map(asMember), { has_more: false });
    }
    // The model keeps no receipts.
    if (url.pathname.endsWith("/changes")) return ok({ cursors: [] });
    if (url.pathname.endsWith("/server")) return ok({ guests: this.guests });
    if (url.pathname.endsWith(`/rooms/${this.room.id}`)) return ok(this.room.room());
    throw new Error(`The model does not know ${url.pathname}`);
  }

  #answerFrame({ type, payload, ref }: { type: string; payload: Record<string, string>; ref?: string }): void {
    this.processed.push(type);
    if (type === "ping") this.#push({ type: "pong", payload: { server_time: me.created_at } }, ref);
    if (type === "join_room" || type === "leave_room")
      this.#push({ type: "ack", payload: { room_id: this.room.id } }, ref);
    if (type === "authenticate") this.#push({ type: "ack", payload: {} }, ref);
    if (type === "mark_read") this.publish(this.room.read(ann, payload["message_id"] ?? ""));
    if (type === "send_message") this.#answerSend(payload["content"] ?? "", payload["temp_id"] ?? "", ref);
    if (type === "sync") this.#answerSync(payload as never, ref);
  }

  #answerSend(content: string, temp_id: string, ref: string | undefined): void {
    const refusal = this.refusals.shift();
    if (refusal) {
      const payload = { message: refusal.code, request_type: "send_message", temp_id, ...refusal };
      return this.#push({ type: "error", payload }, ref);
    }
    const { message, events } = this.room.send(ann, content, temp_id);
    const { id, room_id, seq, rev, created_at } = message;
    this.#push({ type: "message_ack", payload: { temp_id, id, room_id, seq, rev, created_at } }, ref);
    this.publish(events);
  }

  #answerSync({ epoch, rooms }: { epoch: string; rooms: { rev: number }[] }, ref: string | undefined): void {
    if (epoch !== this.epoch) return this.#push({ type: "sync_reset", payload: { epoch: this.epoch } }, ref);
    const socket = this.#socket;
    const batches = rooms
      .filter(({ rev }) => rev < this.room.rev)
      .map(({ rev }) => this.room.changes(rev, this.changesPerBatch));
    this.#slow.push(() => {
      if (this.#socket !== socket) return;
      for (const payload of batches) this.#push({ type: "sync_batch", payload });
      this.#push({ type: "sync_done", payload: {} }, ref);
    });
  }
}

function ok(data: unknown, meta?: unknown): Response {
  return Response.json({ success: true, data, meta });
}

function refused(code = "UNAUTHENTICATED"): Response {
  return Response.json(
    { success: false, error: { code, message: code, details: [], request_id: "r" } },
    { status: 401 },
  );
}
