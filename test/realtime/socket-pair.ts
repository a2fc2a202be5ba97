import type { EventFor, EventPayload } from "../../src/protocol/events.ts";
import type { Language } from "../../src/protocol/languages.ts";
import type { Viewer } from "../../src/server/context.ts";
import { createMetrics } from "../../src/server/platform/metrics.ts";
import { named } from "../../src/server/platform/log.ts";
import { frame } from "../../src/server/realtime/frames.ts";
import { Hub } from "../../src/server/realtime/hub.ts";
import { type SignIn, Session } from "../../src/server/realtime/session.ts";
import type { Publisher, Transport } from "../../src/server/realtime/transport.ts";
import { ManualClock } from "../support/clock.ts";

/** A connection without a network: what the server sends lies in `sent`, at once and in order. */
export class PairedSocket implements Transport {
  readyState = 1;
  readonly sent: string[] = [];
  /** How many system calls it would have been. */
  writes = 0;
  /** What the peer has yet to take; a test says how much. */
  bufferedBytes = 0;
  closed: { code: number; reason: string } | undefined;
  onClose: (code: number) => void = () => {};
  #isCorked = false;

  constructor(private readonly broker: Broker) {}

  sendText(text: string): number {
    if (this.readyState !== 1) throw new Error("the server sent to a closed socket");
    if (!this.#isCorked) this.writes++;
    this.sent.push(text);
    return text.length;
  }

  cork(send: () => void): void {
    this.writes++;
    this.#isCorked = true;
    send();
    this.#isCorked = false;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
    this.#end(code);
  }

  terminate(): void {
    this.#end(1006);
  }

  subscribe(topic: string): void {
    this.broker.subscribe(topic, this);
  }

  unsubscribe(topic: string): void {
    this.broker.unsubscribe(topic, this);
  }

  getBufferedAmount(): number {
    return this.bufferedBytes;
  }

  /** As Bun does it: the close event comes inside the call. */
  #end(code: number): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    this.broker.forget(this);
    this.onClose(code);
  }

  /** The names of the frames, or of a message its content if it is not hidden, in the order they came. */
  get heard(): string[] {
    return this.sent.map((text) => {
      const { type, payload } = JSON.parse(text);
      if (type !== "new_message") return type;
      return payload.is_hidden ? "(hidden)" : payload.content;
    });
  }
}

/** The native topics of `Bun.serve`. */
export class Broker implements Publisher {
  readonly topics = new Map<string, Set<PairedSocket>>();
  /** One entry a call: to how many sockets it went. */
  readonly published: number[] = [];

  publish(topic: string, text: string): void {
    const sockets = [...(this.topics.get(topic) ?? [])];
    this.published.push(sockets.length);
    for (const socket of sockets) socket.sendText(text);
  }

  subscribe(topic: string, socket: PairedSocket): void {
    this.topics.set(topic, (this.topics.get(topic) ?? new Set()).add(socket));
  }

  unsubscribe(topic: string, socket: PairedSocket): void {
    this.topics.get(topic)?.delete(socket);
  }

  forget(socket: PairedSocket): void {
    for (const sockets of this.topics.values()) sockets.delete(socket);
  }
}

interface HubRigOptions {
  socketsPerUser?: number;
}

/** A hub with a clock that stands still, and sockets without a network. */
export function hubRig({ socketsPerUser = 0 }: HubRigOptions = {}) {
  const clock = new ManualClock();
  const broker = new Broker();
  const metrics = createMetrics();
  const hub = new Hub({ clock, log: named("test"), metrics, socketsPerUser });
  hub.attach(broker);
  return {
    hub,
    clock,
    broker,
    metrics,
    /** What was given to the output is out. */
    turn: () => hub.egress.flushed(),
    /** A socket that is opening; `userId` null: a guest. */
    connect(userId: string | null, signIn: Partial<SignIn> = {}) {
      const socket = new PairedSocket(broker);
      const viewer: Viewer = userId === null ? null : { key: 1, id: userId, role: "user", sessionId: `${userId}'s` };
      const session = new Session(
        socket,
        { viewer, expiresAtMs: Infinity, language: "en" satisfies Language, address: "192.0.2.1", ...signIn },
        hub.inboxes,
        async () => {},
      );
      socket.onClose = (code) => hub.remove(session, code);
      hub.add(session);
      return { socket, session };
    },
    /** `ready` with these rooms (id → rev), as `realtime/resume` sends it. */
    makeReady(session: Session, rooms: Record<string, number> = {}, from?: number) {
      hub.egress.inTurn(() => {
        hub.enter(session, new Map(Object.entries(rooms)), `{"type":"ready"}`, from);
        hub.becomeReady(session);
      });
    },
    /** Publishes a message whose content says what it is. */
    say(roomId: string, rev: number, content: string) {
      hub.toRoom(roomId, rev, JSON.stringify({ type: "new_message", payload: { room_id: roomId, rev, content } }));
    },
    event<N extends EventFor<"user">>(type: N, payload: EventPayload<N>) {
      return frame(type, payload, clock.now());
    },
  };
}
