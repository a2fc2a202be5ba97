import { type CloseCode, closeCodes } from "../../protocol/close.ts";
import type { EventFor, EventPayload } from "../../protocol/events.ts";
import { heartbeat } from "../../protocol/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { Egress } from "./egress.ts";
import { frame } from "./frames.ts";
import { HiddenAuthors } from "./hidden-authors.ts";
import type { InboxTotal } from "./inbox.ts";
import { type Interest, noInterest } from "./interest.ts";
import { RecentFrames } from "./recent-frames.ts";
import { RevOrder } from "./rev-order.ts";
import { type Authors, RoomFrame } from "./room-frame.ts";
import { type Session, whenReady } from "./session.ts";
import { SendShedder } from "./shed.ts";
import { findSlowPeers } from "./slow-peers.ts";
import { SocketsOf } from "./sockets-of.ts";
import { Tally } from "./tally.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { Watchers } from "./watchers.ts";
import { Topics } from "./topics.ts";
import type { Publisher } from "./transport.ts";

interface HubOptions {
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** More sockets of one person close the oldest; 0: any number. */
  socketsPerUser: number;
}

/** A close frame that the peer does not answer within this ends without one. */
const closingS = 5;

/**
 * The sockets of this node. Everything it sends, and every subscribing and closing, passes through one ordered
 * {@link Egress}; so "before" and "after" mean the same to every socket.
 */
export class Hub {
  readonly egress: Egress;
  readonly recent = new RecentFrames();
  readonly sessions = new Set<Session>();
  readonly watchers = new Watchers();
  /** What all inboxes hold. */
  readonly inboxes: InboxTotal = { chars: 0, frames: 0 };
  readonly shedder: SendShedder;
  /** When the time of a send was last recorded (`performance.now()`). */
  sendTimedAtMs = 0;
  /** Frames received since the last look, by type: a labelled counter is too dear for every frame. */
  readonly #received = new Map<string, number>();
  readonly #byUser = new SocketsOf<Session>();
  /** The guests' sockets by address. */
  readonly guests = new Tally();
  #readyCount = 0;
  #isCounting = false;
  readonly #topics: Topics<Session>;
  readonly order: RevOrder<RoomFrame>;
  readonly hiddenAuthors = new HiddenAuthors((userId) => this.of(userId));
  readonly #wheel: TimerWheel<Session>;
  readonly #stopWeighing: () => void;
  interest: Interest = noInterest;
  /** Told of every room and person that this node tells something that lasts: `room:<id>`, `user:<id>`. */
  onTold: (name: string) => void = () => {};
  /** Told of an event that has brought a socket a friend or a partner. */
  onNear: (session: Session, text: string) => void = () => {};

  constructor(private readonly options: HubOptions) {
    const { clock, metrics, log } = options;
    this.egress = new Egress(log);
    this.shedder = new SendShedder(clock, this.egress);
    this.#topics = new Topics({
      clock,
      metrics,
      sendAlone: (session, text) => this.egress.gather(session, text),
      apart: (roomId, event) => this.hiddenAuthors.apart(roomId, event),
      beforePublish: () => this.egress.release(),
      onOpen: (roomId) => this.interest.begin("room", roomId),
      onEmpty: (roomId) => {
        this.order.end(roomId);
        this.interest.end("room", roomId);
      },
    });
    this.order = new RevOrder({
      clock,
      inTurn: (step) => this.egress.inTurn(step),
      release: (roomId, rev, frame) => {
        this.recent.push({ roomId, rev, frame });
        if (frame.text !== "") this.#topics.publish(roomId, frame);
      },
      early: () => metrics.roomReorders.inc(),
      late: (roomId, rev, frame) => this.recent.push({ roomId, rev, frame, isLate: true }),
    });
    this.#wheel = new TimerWheel(clock, (session) => this.#look(session));
    this.#stopWeighing = clock.every(1_000, () => this.#weigh());
  }

  /** Milliseconds since the epoch, by the server's clock. */
  get now(): number {
    return this.options.clock.now();
  }

  /** Names who publishes to the native topics, once there is a server. */
  attach(publisher: Publisher): void {
    this.#topics.publisher = publisher;
  }

  stop(): void {
    this.#wheel.stop();
    this.#stopWeighing();
  }

  /** Takes a new connection in; one too many of a person closes their oldest. */
  add(session: Session): void {
    this.sessions.add(session);
    this.#count();
    session.heardAt = this.#wheel.now;
    const userId = session.viewer?.id;
    if (userId === undefined) this.guests.add(session.address);
    else this.#addTo(userId, session);
    const seconds = this.#look(session);
    if (seconds !== undefined) this.#wheel.set(session, seconds);
  }

  #addTo(userId: string, session: Session): void {
    const count = this.#byUser.add(userId, session);
    if (count === 1) this.interest.begin("user", userId);
    const [oldest] = this.#byUser.of(userId);
    const { socketsPerUser } = this.options;
    if (oldest && socketsPerUser > 0 && count > socketsPerUser) this.close(oldest, 4009);
  }

  /** The connection is gone. */
  remove(session: Session, code: number): void {
    if (!this.sessions.delete(session)) return;
    if (session.isReady) this.#readyCount--;
    this.#count();
    this.options.metrics.socketsClosed.inc({ code: session.closeCode ?? (code in closeCodes ? code : "other") });
    session.inbox.close();
    session.takeHeld();
    session.drained();
    this.#wheel.delete(session);
    for (const [roomId, shard] of session.rooms) this.#topics.leave(session, roomId, shard, { isGone: true });
    session.rooms.clear();
    this.watchers.forget(session);
    const userId = session.viewer?.id;
    if (userId === undefined) this.guests.remove(session.address);
    else if (this.#byUser.remove(userId, session)) {
      this.interest.end("user", userId);
      this.hiddenAuthors.forget(userId);
    }
  }

  /** Something was heard from the peer; gives the second in which. */
  heard(session: Session): number {
    session.heardAt = this.#wheel.now;
    return session.heardAt;
  }

  /** The sockets of a person. */
  of(userId: string): Iterable<Session> {
    return this.#byUser.of(userId);
  }

  /** Sends one event to one socket. */
  send<N extends EventFor<"socket" | "user">>(session: Session, type: N, payload: EventPayload<N>, ref?: string): void {
    const text = frame(type, payload, this.options.clock.now(), ref);
    if (type === "message_ack") this.egress.ack(session, text);
    else this.egress.inTurnGathering(() => this.egress.gather(session, text));
  }

  /** Sends a frame to everybody in a room, in the order of the `rev`s; an empty one only takes its number. */
  toRoom(roomId: string, rev: number, text: string, authors?: Authors): void {
    this.egress.inTurnGathering(() => this.order.take(roomId, rev, new RoomFrame(text, authors)));
  }

  /** Sends a frame to everybody who is in a room when its turn comes. */
  toRoomNow(roomId: string, text: string, authors?: Authors): void {
    this.egress.inTurnGathering(() => this.#topics.publish(roomId, new RoomFrame(text, authors, true)));
  }

  /** Runs `reach` for each socket of a person, after everything sent before; after `ready` for those still opening. */
  toUser(userId: string, reach: (session: Session) => void): void {
    this.egress.inTurn(() => whenReady(this.of(userId), reach));
  }

  /** As {@link toUser}, for every socket of this node. */
  toEach(reach: (session: Session) => void): void {
    this.egress.inTurn(() => whenReady(this.sessions, reach));
  }

  /**
   * Inside a step of the output: subscribes a socket to rooms (id → the `rev` it is told), tells it, and sends what was
   * published there meanwhile. Nothing falls into the seam: before this step it is in `recent`, after it in the topic.
   */
  enter(session: Session, rooms: ReadonlyMap<string, number>, tell: string | undefined, from?: number): void {
    if (session.transport.readyState !== 1) return;
    const entered = new Map([...rooms].filter(([roomId]) => !session.rooms.has(roomId)));
    // What was published while nobody read the room is in `recent`, and given to this socket below.
    for (const [roomId, rev] of entered) this.order.begin(roomId, () => Math.max(rev, this.recent.lastRev(roomId)));
    for (const roomId of entered.keys()) session.rooms.set(roomId, this.#topics.join(session, roomId));
    const missed = this.hiddenAuthors.textsFor(session, this.recent.since(entered, from));
    session.sendAll(tell === undefined ? missed : [tell, ...missed]);
  }

  /** Inside a step of the output: unsubscribes a socket, which has got everything published before. */
  leave(session: Session, roomId: string): void {
    const shard = session.rooms.get(roomId);
    if (shard === undefined) return;
    // First: what it still gets is what its person may see of the room, which is looked up by the room.
    this.#topics.leave(session, roomId, shard);
    session.rooms.delete(roomId);
    if (session.isWatching(roomId)) session.watched.delete(roomId);
  }

  /** Inside a step of the output: the socket has its `ready`; what was held for it follows. */
  becomeReady(session: Session): void {
    if (session.isReady || !this.sessions.has(session)) return;
    session.isReady = true;
    this.#readyCount++;
    this.#count();
    for (const reach of session.takeHeld()) reach();
    session.inbox.open();
  }

  /** A socket that has its `ready` is to get another; false: it is opening anyway. */
  beginAnew(session: Session): boolean {
    if (!session.isReady || !this.sessions.has(session)) return false;
    session.isReady = false;
    this.#readyCount--;
    return true;
  }

  /** Closes at once: what still waits for this socket is not sent. */
  close(session: Session, code: CloseCode): void {
    if (session.transport.readyState !== 1) return;
    session.closeCode ??= code;
    session.transport.close(session.closeCode, closeCodes[session.closeCode].name);
    this.#wheel.set(session, closingS);
  }

  /** Closes after everything that was sent before; nothing more is read. */
  closeAfterwards(session: Session, code: CloseCode): void {
    session.closeCode ??= code;
    session.inbox.close();
    this.egress.inTurn(() => this.close(session, code));
  }

  /** A socket's token was replaced by one that ends at another time. */
  renew(session: Session, expiresAtMs: number): void {
    session.expiresAtMs = expiresAtMs;
    const seconds = this.#look(session);
    if (seconds !== undefined) this.#wheel.set(session, seconds);
  }

  /** Closes what is due; gives in how many seconds to look again. */
  #look(session: Session): number | undefined {
    if (!this.sessions.has(session) || session.transport.readyState !== 1) {
      session.transport.terminate();
      return undefined;
    }
    const leftMs = session.expiresAtMs - this.options.clock.now();
    const silentS = this.#wheel.now - session.heardAt;
    if (leftMs <= 0) this.close(session, 4002);
    else if (silentS > heartbeat.silentForS) this.close(session, 4010);
    else return Math.min(heartbeat.silentForS - silentS, leftMs / 1_000);
    return undefined;
  }

  /** A frame was received; `null`: of no known type. */
  countReceived(type: string | null): void {
    const name = type ?? "unknown";
    this.#received.set(name, (this.#received.get(name) ?? 0) + 1);
  }

  /** Brings the metric up to date, once for all that came and went in this turn of the event loop. */
  #count(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    setImmediate(() => {
      this.#isCounting = false;
      const { sockets } = this.options.metrics;
      sockets.set({ state: "ready" }, this.#readyCount);
      sockets.set({ state: "opening" }, this.sessions.size - this.#readyCount);
    });
  }

  /** Once a second: closes peers that do not take what they are sent, and brings the metrics up to date. */
  #weigh(): void {
    const { slow, totalBytes } = findSlowPeers(this.sessions);
    for (const session of slow) this.close(session, 4008);
    const { buffered, inboxFrames, framesIn, sendsRefused } = this.options.metrics;
    buffered.set(totalBytes);
    inboxFrames.set(this.inboxes.frames);
    for (const [type, count] of this.#received) framesIn.inc({ type }, count);
    this.#received.clear();
    const shed = this.shedder.takeCount();
    if (shed > 0) sendsRefused.inc({ code: "UNAVAILABLE" }, shed);
  }
}
