import type { CommandAnswer, CommandName, CommandPayload } from "../protocol/commands.ts";
import type { EventFor, EventPayload } from "../protocol/events.ts";
import type { CloseCode } from "../protocol/close.ts";
import type { SystemRole } from "../protocol/models.ts";
import type { Config } from "./config.ts";
import type { Bus } from "./platform/bus/bus.ts";
import type { CacheRegistry } from "./platform/cache/cache.ts";
import type { Clock } from "./platform/clock.ts";
import type { Database } from "./platform/db/database.ts";
import type { Jobs } from "./platform/jobs/jobs.ts";
import type { Limits } from "./platform/limits/limits.ts";
import type { Log } from "./platform/log.ts";
import type { Mailer } from "./platform/mail/mail.ts";
import type { Emitter } from "./platform/emitter.ts";
import type { Metrics } from "./platform/metrics.ts";
import type { Settle } from "./platform/settle.ts";

/** Who acts: a signed-in person on one of their devices. */
export interface Actor {
  key: number;
  id: string;
  role: SystemRole;
  sessionId: string;
}

/** Who looks: a person, or a guest. */
export type Viewer = Actor | null;

/**
 * How a capability reaches sockets, here and on other nodes. Called after the commit, never before.
 * For whom an event is stands in the events registry; `realtime/audience` turns that into sockets.
 */
export interface Publish {
  /**
   * To everybody subscribed to the room of the payload. Events of one room go out in the order of these calls. `blocked`:
   * of the reactions that it counts, those that not everybody does.
   */
  toRoom<N extends EventFor<"room">>(type: N, payload: EventPayload<N>, blocked?: readonly Reaction[]): void;
  /** A change of the room took this `rev` without an event: what comes after it need not wait for one. */
  passOver(roomId: string, rev: number): void;
  /** To everybody subscribed to the room of the payload at this moment; `by` is who did it. */
  toRoomNow<N extends EventFor<"passing">>(by: string, type: N, payload: EventPayload<N>): void;
  /** To all devices of a person. `room_added` and `room_removed` also subscribe and unsubscribe those devices. */
  toUser<N extends EventFor<"user" | "passing">>(userId: string, type: N, payload: EventPayload<N>): void;
  /** To one's own devices, those who watch one, and all who share a room with one that is not the lobby. */
  toAcquaintances<N extends EventFor<"acquaintances">>(userId: string, type: N, payload: EventPayload<N>): void;
  /** Whether somebody on this node watches how the person is. */
  isWatched(userId: string): boolean;
  /**
   * To those on this node who watch the person, if `isFor` them: each node knows of everybody's presence by itself, and
   * tells its own.
   */
  toWatchers<N extends EventFor<"watchers">>(
    userId: string,
    type: N,
    payload: EventPayload<N>,
    isFor: (viewerKey: number) => boolean,
  ): void;
  /** Closes a person's sockets: of one session, of all but one, or all. */
  disconnect(target: { userId: string; sessionId?: string; exceptSessionId?: string }, code: CloseCode): void;
  /** Closes so many of a person's sockets on this node, the oldest first: they have too many on all nodes (4009). */
  closeOldest(userId: string, count: number): void;
  /** Ends the watching of guests and members in a room that is gone or became private. */
  emptyRoom(roomId: string, keepMembers: boolean): void;
  /** What an author writes and does is hidden from a person's open sockets from now on, or no longer. */
  hide(userId: string, authorId: string, isHidden: boolean): void;
  /** Tells caches on every node that what they hold under `key` is stale (see `platform/cache`). */
  invalidate(cache: string, key: string): void;
  /**
   * Resolves when the other nodes have been told what they are to forget, close and hide, or the bridge takes too long:
   * whoever has the answer to a change may ask any node. `undefined`: they have, or there is no other.
   */
  told(): Promise<unknown> | undefined;
}

/** Whose reaction it is, and which. */
export interface Reaction {
  by: string;
  emoji: string;
}

/** What one capability tells those above it, that need not be asked before it happens. */
export interface Happenings {
  /** `mentions` as in the table: JSON of ids. */
  message_stored: StoredPlace & { senderKey: number; mentions: string | null; replyToId: string | null };
  /** `mentioned`: whom the edit named for the first time. */
  message_edited: StoredPlace & { senderKey: number; mentioned: readonly string[] };
  /** Deleted for all, recalled or purged. */
  message_gone: StoredPlace;
  reaction_added: StoredPlace & { senderKey: number; actorKey: number; emoji: string };
  reaction_removed: StoredPlace & { actorKey: number; emoji: string };
  /** Somebody has read a room up to `seq`. */
  room_read: { userKey: number; roomKey: number; seq: number };
  members_added: { roomKey: number; roomId: string; actorKey: number; userKeys: readonly number[] };
  /** They are in the room no more, or the room itself is none. */
  members_gone: { roomKey: number; userKeys: readonly number[] };
  /** Somebody has deleted a message for themselves alone. */
  message_hidden: { messageId: string; userKey: number };
  /** Somebody has emptied a direct room for themselves. */
  conversation_cleared: { roomKey: number; userKey: number };
  /** What somebody wrote in a room is to go; how far it has come stands in `message_purges`. */
  purge_requested: { roomKey: number; userKey: number };
  friend_requested: { requestId: string; fromKey: number; toKey: number; message: string };
  /** Answered, withdrawn or refused. */
  friend_request_gone: { requestId: string; toKey: number };
  friends_made: { acceptedByKey: number; requesterKey: number };
  blocked: { userKey: number; blockedKey: number };
  came_online: { userKey: number; userId: string };
}

/** Where a message stands. */
interface StoredPlace {
  messageId: string;
  roomKey: number;
  roomId: string;
  seq: number;
}

/** What a verb may use. Built once by `serve` (or a test), disposed in reverse order. */
export interface Context {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly db: Database;
  readonly bus: Bus;
  readonly caches: CacheRegistry;
  readonly limits: Limits;
  readonly jobs: Jobs;
  readonly mailer: Mailer;
  readonly publish: Publish;
  /** What happened, told within this process after its commit: to the capabilities above the one that it happened in. */
  readonly happenings: Emitter<Happenings>;
  /** Identifies the database's history; a restored backup has another one. */
  readonly epoch: string;
  /** Signs tokens; made at first start. Derive from it by purpose, never use it twice. */
  readonly secret: Uint8Array;
  /** A part without which nothing can be stored has died: the process says so and ends, its supervisor starts it again. */
  fatal(error: Error): void;
  /** Runs `task` when the context is disposed, the last registered first. */
  onClose(task: () => Promise<void> | void): void;
}

/**
 * State that a capability keeps for the life of a context (caches, buffers): made at first use.
 * `const people = perContext((ctx) => new PeopleCache(ctx));` … `people(ctx).byId(id)`.
 */
export function perContext<T>(make: (ctx: Context) => T): (ctx: Context) => T {
  const made = new WeakMap<Context, T>();
  return (ctx) => {
    const known = made.get(ctx);
    if (known !== undefined) return known;
    const value = make(ctx);
    made.set(ctx, value);
    return value;
  };
}

/** What a command handler may use of the socket that it serves. */
export interface Peer {
  readonly viewer: Viewer;
  /** Subscribes this socket alone to a public room, of which it can know everything up to `rev`; a guest's `join_room`. */
  watch(roomId: string, rev: number): void;
  unwatch(roomId: string): void;
  /** Of these people the socket hears how they are, beside its friends and direct partners; of those before no more. */
  lookAt(userIds: readonly string[]): void;
  /** Nobody is at the device, or somebody is again; false: that is no news. */
  setIdle(isIdle: boolean): boolean;
  /** Sends one event to this socket alone. */
  send<N extends EventFor<"socket" | "user">>(type: N, payload: EventPayload<N>): void;
  /** Sends events whose payloads are JSON already, in one system call; `leaves`: a room that the socket is in no more. */
  sendTexts(events: readonly { type: EventFor<"socket" | "user">; payload: string; leaves?: string }[]): void;
  /** Resolves when the peer has taken nearly all of what it was sent: to be awaited between parts of a bulky answer. */
  drained(): Promise<void>;
  /** A fresh token was checked: the socket now lives until it expires. */
  renew(expiresAtMs: number): void;
}

type AnswerPayload<N extends CommandName> =
  CommandAnswer<N> extends EventFor<"socket"> ? EventPayload<Extract<CommandAnswer<N>, EventFor<"socket">>> : void;

/**
 * An answer that is still being committed while its place in the order is already taken: the socket's next frame begins
 * meanwhile, so that a client with many sends in flight does not pay one commit each.
 */
export interface Committing<T> {
  /** Takes the place, now. */
  commit(settle: Settle<T>): void;
}

type Answer<N extends CommandName> = AnswerPayload<N> | Committing<AnswerPayload<N>>;

/** One handler a command: what it returns is sent as the answer that the registry names. */
export type CommandHandlers = {
  [N in CommandName]: (
    ctx: Context,
    peer: Peer,
    payload: CommandPayload<N>,
  ) => Promise<Answer<N>> | Committing<AnswerPayload<N>>;
};
