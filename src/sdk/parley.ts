import type { EventName, EventPayload, EventSeen, ServerFrame } from "../protocol/events.ts";
import type { Me, Message, TimelineMessage } from "../protocol/models.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { Http, SignedIn } from "./http.ts";
import type { OutboxStorage } from "./outbox-storage.ts";
import type { TokenStore } from "./session.ts";
import type { SocketFactory } from "./socket.ts";
import type { RoomState, State } from "./state.ts";
import type { Store } from "./store.ts";
import type { Fetch, TransportOptions } from "./transport.ts";

export type ChosenStatus = "online" | "away" | "busy" | "invisible";

export interface ClientOptions {
  /** Origin of the server, e.g. `https://chat.example`. */
  url: string;
  /** Language of error messages over HTTP; a function when it may change. */
  language?: TransportOptions["language"];
  /** Keep the refresh token in an HttpOnly cookie: for pages that the server itself serves. */
  cookieAuth?: boolean;
  /** Where tokens are kept without `cookieAuth`; by default in memory. */
  tokens?: TokenStore;
  /** Where unsent messages are kept; by default in memory. In a page: `browserOutbox()`. */
  outbox?: OutboxStorage;
  /** Puts off telling the store's subscribers, e.g. `requestAnimationFrame`: many frames, one rendering. */
  schedule?: (notify: () => void) => void;
  /** For tests. */
  clock?: Clock;
  fetch?: Fetch;
  socket?: SocketFactory;
}

/** A message on its way. */
export interface Sent {
  /** The id that it keeps until the server has given it one, and by which `retry` and `discard` know it. */
  readonly tempId: string;
  /** Resolves once the server has stored it durably; rejects with `ApiError` when it was refused or discarded. */
  readonly acked: Promise<EventPayload<"message_ack">>;
}

export interface SendOptions {
  /** The message that it answers, of the same room. */
  replyTo?: Message | undefined;
}

/** A Parley client. Everything it knows is in `store`; what it does fails with `ApiError` or `ConnectionError`. */
export interface Parley {
  readonly http: Http;
  readonly connection: Connection;
  readonly store: Store<State>;

  /** Oneself, once signed in. */
  readonly me: Me | null;
  /** The room of all, once connected; throws before. */
  readonly lobby: RoomState;

  register(input: Parameters<Http["auth"]["register"]>[0]): Promise<SignedIn>;
  login(input: Parameters<Http["auth"]["login"]>[0]): Promise<SignedIn>;
  /** Takes up the session of an earlier run or page load; null when there is none. */
  restore(): Promise<Me | null>;
  /** Ends the session here or on all devices, closes the socket and forgets everything. */
  logout(options?: { everywhere?: boolean }): Promise<void>;

  /** Opens the socket; resolves when the rooms have come, rejects when it is refused for good. Signed out: as a guest. */
  connect(): Promise<void>;
  /** Closes the socket; the state stays. */
  close(): void;

  /**
   * Hears every message of one's rooms once and in order, from now on, also those that were sent while the connection was
   * lost. For programs; a page reads `timelines`.
   */
  onMessage(handler: (message: TimelineMessage) => void): () => void;
  /** Hears every frame of one kind as it comes live; the returned function stops that. */
  on<N extends EventName>(event: N, handler: (payload: EventSeen<N>, frame: ServerFrame) => void): () => void;
  /** Called when the server or the person ended the session. */
  onSignedOut(handler: () => void): () => void;

  /** Sends a text: at once in `state.pending`, in order, again after a lost connection, exactly once. */
  send(roomId: string, content: string, options?: SendOptions): Sent;
  /** {@link send} to a person; the first message makes the room with them, and until then waits in `placeFor(userId)`. */
  sendTo(userId: string, content: string, options?: SendOptions): Sent;
  /** The room with a person, once there is one. */
  directRoom(userId: string): RoomState | undefined;
  /** Empties the conversation with a person for oneself. */
  clearConversation(userId: string): Promise<void>;
  /** Sends a failed message again. */
  retry(tempId: string): void;
  /** Forgets a failed or queued message. */
  discard(tempId: string): void;
  /** Moves one's read cursor forward to `message`. */
  markRead(roomId: string, message: TimelineMessage): void;

  /** A room's timeline in `state.timelines`: loads of one kind run once at a time; errors are kept in its `error`. */
  readonly timelines: {
    /** Keeps the room's timeline fresh from now on; loads its newest page unless something is held. */
    open(roomId: string): Promise<void>;
    /** Nobody looks any more: trims it to its newest messages. */
    close(roomId: string): void;
    loadOlder(roomId: string): Promise<void>;
    loadNewer(roomId: string): Promise<void>;
    /** Replaces the window by the messages around one. Throws `MESSAGE_NOT_FOUND`. */
    loadAround(roomId: string, messageId: string): Promise<void>;
    /** The same around a number, or around the first message of a moment (RFC 3339) or later. */
    loadAt(roomId: string, place: { seq: number } | { time: string }): Promise<void>;
    /** Lets go of a long window's ends: `count` messages around `seq` stay. They are loaded again when they are wanted. */
    keepAround(roomId: string, seq: number, count: number): void;
    jumpToLatest(roomId: string): Promise<void>;
  };
  /** A room's people in `state.members`. */
  readonly members: {
    /** Loads the first (up to 500), once. */
    open(roomId: string): Promise<void>;
    loadMore(roomId: string): Promise<void>;
  };
  /** How people are, in `state.presence`; friends and direct partners are there by themselves. */
  readonly presence: {
    /** Keeps these people's up to date until the returned function is called; at most 500 at a time, the last ones. */
    watch(userIds: readonly string[]): () => void;
    /** What one is seen as while connected, on all one's devices. */
    choose(status: ChosenStatus): Promise<void>;
    /** Somebody is at this device: at every key and touch. Five minutes after the last it is idle (see `set_status`). */
    active(): void;
  };
  /** Tells a room that one is typing. Others in `state.typing`, for five seconds each. */
  readonly typing: {
    /** Something was typed: at every key. */
    typed(roomId: string): void;
    /** What was typed is gone, or left alone. A message that is sent ends it by itself. */
    stopped(roomId: string): void;
  };
  /** A room's pins in `state.pins`. */
  readonly pins: {
    /** Loads them, unless they are held as they are. Throws `ApiError`. */
    open(roomId: string): Promise<void>;
  };
  /** What concerns oneself, in `state.notifications`; errors of loading are kept in its `error`. */
  readonly notifications: {
    /** Loads the newest, unless they are held. */
    open(): Promise<void>;
    loadMore(): Promise<void>;
    /** At most 100. */
    markRead(ids: readonly string[]): Promise<void>;
    markAllRead(): Promise<void>;
  };
  /** As a guest: starts and stops following a public room live. */
  watch(roomId: string): Promise<RoomState>;
  unwatch(roomId: string): Promise<void>;
}
