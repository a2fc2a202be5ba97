import type { ServerFrame } from "../protocol/events.ts";
import type { Me } from "../protocol/models.ts";
import { systemClock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { callEach, Emitter } from "./emitter.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import { Deliveries } from "./deliveries.ts";
import { Follower } from "./follower.ts";
import { createHttp, type SignedIn } from "./http.ts";
import { createMembers } from "./members.ts";
import { createNotifications } from "./notifications.ts";
import { createPins } from "./pins.ts";
import { memoryOutbox } from "./outbox-storage.ts";
import { Outbox } from "./outbox.ts";
import type { ClientOptions, Parley } from "./parley.ts";
import { Idle, PresenceWatch } from "./presence.ts";
import { ReadMarks } from "./read-marks.ts";
import { placeFor } from "./reduce-conversation.ts";
import { reduce } from "./reducer.ts";
import { keepAuthenticated } from "./renewal.ts";
import { Relations } from "./relations.ts";
import { Resume } from "./resume.ts";
import { loadCursors, reloadCursors } from "./room-cursors.ts";
import { endsSession, Session } from "./session.ts";
import { webSocket } from "./socket.ts";
import { type ConnectionState, initialState } from "./state.ts";
import { createStore } from "./store.ts";
import { createTimelines } from "./timelines.ts";
import { createTransport } from "./transport.ts";
import { Typing } from "./typing.ts";
import { isOnline, onWake } from "./wake.ts";
import { Watching } from "./watching.ts";

export type { ClientOptions, Parley, Sent } from "./parley.ts";

const signedOutCode = 4001;

/** A client of the server at `url`: sign in, `connect()`, and the state keeps itself up to date. */
export function createClient(options: ClientOptions): Parley {
  const { url, clock = systemClock } = options;
  const store = createStore(initialState, reduce, options.schedule);
  const emitter = new Emitter();
  const transport = createTransport({ url, fetch: options.fetch, language: options.language });
  const session = new Session({ transport, clock, tokens: options.tokens, cookieAuth: options.cookieAuth });
  const http = createHttp(transport, session);
  const connection = new Connection({
    url,
    clock,
    isOnline,
    openSocket: options.socket ?? webSocket,
    credential,
    onFrame,
    onState,
  });
  const outbox = new Outbox({ store, connection, clock, storage: options.outbox ?? memoryOutbox() });
  const readMarks = new ReadMarks({ store, connection, clock });
  const timelines = createTimelines({
    store,
    http,
    onPage: (messages) => {
      outbox.seen(messages);
      relations.pageRead(messages);
    },
    onOpened: (roomId) => void loadCursors({ store, http }, roomId),
  });
  const resume = new Resume({ store, connection, timelines, clock });
  const members = createMembers({ store, http, onLoaded: (roomId) => resume.check(roomId) });
  const watching = new Watching({ store, http, connection, onFollowed: (roomId) => resume.check(roomId) });
  const follower = new Follower({ store, http });
  const relations = new Relations({ store, http, timelines, clock });
  const presence = new PresenceWatch({ store, connection, clock });
  const idle = new Idle({ connection, clock });
  const typing = new Typing({ store, connection, clock });
  const notifications = createNotifications({ store, http });
  const pins = createPins({ store, http });
  const deliveries = new Deliveries({ store, connection, clock });
  const directRoom = (userId: string) =>
    Object.values(store.getSnapshot().rooms).find(({ peer }) => peer?.id === userId);
  const signedOutHandlers = new Set<() => void>();
  let stopWaking = () => {};
  let stopRenewing = () => {};
  let connecting: PromiseWithResolvers<void> | null = null;
  let leaving = false;

  async function credential(doubted: boolean): Promise<string | null> {
    if (session.accessToken !== null) {
      if (doubted) await http.users.me(); // renews the token, or ends the session, when the token is the cause
      return session.freshToken();
    }
    if (doubted && !(await http.server.info()).guests) throw signInFirst();
    return null;
  }

  function onFrame(frame: ServerFrame): void {
    store.dispatch({ type: "frame", frame });
    if (frame.type === "user_joined" && timelines.opened.has(frame.payload.room_id)) {
      void loadCursors({ store, http }, frame.payload.room_id);
    } else if (frame.type === "me_updated") reloadCursors({ store, http });
    outbox.receive(frame);
    readMarks.receive(frame);
    resume.receive(frame);
    follower.receive(frame);
    relations.receive(frame);
    presence.receive(frame);
    typing.receive(frame);
    deliveries.receive(frame);
    emitter.emit(frame);
    // What is held belongs to another history: the rooms too have to come anew.
    if (frame.type === "sync_reset") connection.restart();
  }

  function onState(state: ConnectionState): void {
    const before = store.getSnapshot().connection.status;
    store.dispatch({ type: "connection", connection: state });
    if (before === "closed" && state.status !== "closed") stopWaking = onWake(() => connection.wake());
    // A server that has missed something sends another `ready` on the same connection: nothing is broken by it.
    if (before === "ready" && state.status !== "ready") {
      stopRenewing();
      resume.end();
      outbox.interrupted();
      presence.end();
    }
    if (state.status === "ready") {
      stopRenewing();
      stopRenewing = keepAuthenticated({ session, connection, clock });
      outbox.flush();
      readMarks.resume();
      resume.begin();
      idle.resume();
      for (const roomId of timelines.opened) void loadCursors({ store, http }, roomId);
      void watching.resume();
      connecting?.resolve();
      connecting = null;
    } else if (state.status === "closed") {
      stopWaking();
      if (state.code === signedOutCode) void session.end();
      connecting?.reject(closedError(state.code));
      connecting = null;
    }
  }

  session.onEnd = () => {
    connecting?.reject(signInFirst());
    connecting = null;
    forgetAll();
    callEach(signedOutHandlers);
  };

  /** One session's state is none of the next one's business. */
  function forgetAll(): void {
    connection.close();
    outbox.end({ forget: leaving });
    readMarks.end();
    watching.end();
    timelines.end();
    follower.end();
    relations.end();
    idle.end();
    typing.end();
    deliveries.end();
    store.dispatch({ type: "signed_out" });
  }

  async function begin(me: Me): Promise<void> {
    forgetAll();
    store.dispatch({ type: "signed_in", me });
    await outbox.begin(me.id);
  }

  async function signedIn(answer: SignedIn): Promise<SignedIn> {
    await begin(answer.user);
    return answer;
  }

  async function restore(): Promise<Me | null> {
    try {
      if (!(await session.restore())) return null;
      const me = await http.users.me();
      await begin(me);
      return me;
    } catch (error) {
      if (endsSession(error)) return null;
      throw error;
    }
  }

  async function logout({ everywhere = false } = {}): Promise<void> {
    leaving = true;
    try {
      await (everywhere ? http.auth.logoutAll() : http.auth.logout());
    } finally {
      leaving = false;
    }
  }

  function connect(): Promise<void> {
    if (connection.state.status === "ready") return Promise.resolve();
    connecting ??= Promise.withResolvers<void>();
    const { promise } = connecting;
    connection.retryNow();
    return promise;
  }

  return {
    http,
    connection,
    store,
    timelines,
    members,
    notifications,
    pins,

    get me() {
      return store.getSnapshot().me;
    },
    get lobby() {
      const lobby = Object.values(store.getSnapshot().rooms).find(({ is_lobby }) => is_lobby);
      if (!lobby) throw new Error("The lobby is known once connect() has resolved");
      return lobby;
    },

    register: async (input) => signedIn(await http.auth.register(input)),
    login: async (input) => signedIn(await http.auth.login(input)),
    restore,
    logout,
    connect,
    close: () => connection.close(),

    on: (event, handler) => emitter.on(event, handler),
    onMessage: (handler) => follower.on(handler),
    onSignedOut(handler) {
      signedOutHandlers.add(handler);
      return () => void signedOutHandlers.delete(handler);
    },

    presence: {
      watch: (userIds) => presence.watch(userIds),
      choose: async (status) => store.dispatch({ type: "signed_in", me: await http.users.setStatus({ status }) }),
      active: () => idle.active(),
    },
    typing: {
      typed: (roomId) => typing.typed(roomId),
      stopped: (roomId) => typing.stopped(roomId),
    },

    send(roomId, content, options) {
      typing.sent(roomId);
      return outbox.add(roomId, content, options);
    },
    directRoom,
    sendTo(userId, content, options) {
      const room = directRoom(userId);
      if (!room) return outbox.add(placeFor(userId), content, { receiverId: userId });
      typing.sent(room.id);
      return outbox.add(room.id, content, options);
    },
    async clearConversation(userId) {
      const { room_id, up_to_seq } = await http.directs.clear(userId);
      if (room_id !== null) store.dispatch({ type: "cleared", room_id, up_to_seq });
    },
    retry: (tempId) => outbox.retry(tempId),
    discard: (tempId) => outbox.discard(tempId),
    markRead: (roomId, message) => readMarks.mark(roomId, message),
    watch: (roomId) => watching.watch(roomId),
    unwatch: (roomId) => watching.unwatch(roomId),
  };
}

function signInFirst(): ApiError {
  return new ApiError({ status: 401, code: "UNAUTHENTICATED", message: "Sign in first" });
}

function closedError(code: number | null): Error {
  if (code === signedOutCode) return signInFirst();
  return new ConnectionError(
    code === null ? "The connection was closed" : `The server closed the connection (${code})`,
  );
}
