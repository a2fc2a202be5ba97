import type {
  FriendRequest,
  JoinedRoom,
  Me,
  Member,
  Notification,
  Pin,
  Quotation,
  RoomRole,
  Seen,
  TimelineMessage,
  UserRef,
} from "../protocol/models.ts";

/**
 * How the socket stands. `waiting`: lost, comes back by itself at `retryAtMs`; `offline`: the same, and the device says
 * that it has no network; `closed`: not opened yet, or over for good (`code` says why) until `retryNow()` or `connect()`.
 */
export interface ConnectionState {
  readonly status: "connecting" | "ready" | "waiting" | "offline" | "closed";
  /** Failed attempts in a row. After five of them the tries become slow. */
  readonly attempt: number;
  readonly retryAtMs: number | null;
  /** Close code of the connection that was lost last; 1006 also where it was never made. */
  readonly code: number | null;
}

/** A room as its members have it; `my_role` is null for a guest who watches. */
export type RoomState = Omit<JoinedRoom, "my_role"> & { my_role: RoomRole | null };

/** A contiguous window of a room's messages: `seq` rises by one from each to the next. */
export interface Timeline {
  readonly messages: readonly TimelineMessage[];
  /** What came up to here the conversation was emptied of: before that there is nothing. */
  readonly floor?: number;
  /** Messages that came before what lies between them and the window: merged as soon as they touch it. */
  readonly ahead: readonly TimelineMessage[];
  /** Whether the window ends at the newest message and new ones are appended to it. */
  readonly live: boolean;
  readonly hasOlder: boolean;
  /** Which page is under way: "page" replaces the window. */
  readonly loading: Readonly<{ page: boolean; older: boolean; newer: boolean }>;
  /** Code of the error that the last load ended with (`OFFLINE` when the server was not reached); null when it went well. */
  readonly error: string | null;
}

export interface MemberList {
  readonly byId: Readonly<Record<string, Member>>;
  /** Whether any have come yet. */
  readonly loaded: boolean;
  /** Whether these are all; big rooms are loaded page by page. */
  readonly complete: boolean;
  readonly loading: boolean;
}

/** A send of one's own that the timeline does not show yet. `sent` means acked: its `new_message` is on its way. */
export interface PendingMessage {
  readonly temp_id: string;
  /** Until there is a room with `receiver_id`, where what is for them waits. */
  readonly room_id: string;
  /** The person it is for, while there is no room with them. */
  readonly receiver_id?: string;
  readonly content: string;
  /** What it answers, as that was when it was written. */
  readonly reply_to?: Quotation;
  readonly created_at: string;
  readonly status: "queued" | "sending" | "sent" | "failed";
  /** The message's place, once acked. */
  readonly seq: number | null;
  /** Why it failed. */
  readonly error: Readonly<{ code: string; message: string }> | null;
}

/**
 * How much of a room's history of changes has surely been applied: everything up to `synced`. `room.rev` may be one
 * further: the transaction whose events are coming in. `behind` says that something is missing and must be asked for.
 */
export interface Progress {
  readonly synced: number;
  readonly behind: boolean;
  /** `rev` of the newest event about the room or its members, which an older answer must not undo. */
  readonly roomRev: number;
}

/** Somebody who is typing. */
export interface Typist {
  readonly id: string;
  readonly display_name: string;
  /** The server's time when they were heard of last. */
  readonly heard_at: string;
}

/** One's notifications, as far as they were loaded; what comes live is put before them. */
export interface NotificationList {
  /** All that are unread, also those not loaded. */
  readonly unread: number;
  readonly items: readonly Notification[];
  /** Whether the first page has come yet. */
  readonly loaded: boolean;
  /** What came while the connection was lost may be missing. */
  readonly isStale: boolean;
  readonly hasMore: boolean;
  readonly loading: boolean;
  /** Code of the error that the last load ended with. */
  readonly error: string | null;
}

/** A room's pins, the newest first. */
export interface PinList {
  readonly items: readonly Pin[];
  /** Something was pinned, or is no longer what it was: to be asked for again. */
  readonly isStale: boolean;
  readonly loading: boolean;
}

/** A friend request that waits; how the other is is in `presence`. */
export type PendingRequest = Omit<FriendRequest, "user"> & { readonly user: UserRef };

/** Everything a client knows; immutable, with the parts that did not change shared between two states. */
export interface State {
  readonly connection: ConnectionState;
  /** Whether the rooms have come (once `ready`, they stay readable offline). */
  readonly loaded: boolean;
  readonly me: Me | null;
  readonly epoch: string | null;
  readonly rooms: Readonly<Record<string, RoomState>>;
  readonly timelines: Readonly<Record<string, Timeline>>;
  readonly members: Readonly<Record<string, MemberList>>;
  /** Sends under way, by room, in the order in which they were written. */
  readonly pending: Readonly<Record<string, readonly PendingMessage[]>>;
  readonly progress: Readonly<Record<string, Progress>>;
  /** One's friends, by their id. */
  readonly friends: Readonly<Record<string, UserRef>>;
  /** Requests that wait for an answer, one's own and those of others, by the other's id. */
  readonly friendRequests: Readonly<Record<string, PendingRequest>>;
  /** Whom one has blocked, by their id. */
  readonly blocks: Readonly<Record<string, UserRef>>;
  /** How friends, direct partners and those one watches are, by their id. */
  readonly presence: Readonly<Record<string, Seen>>;
  /** Who else is typing, by room, in the order in which they began. */
  readonly typing: Readonly<Record<string, readonly Typist[]>>;
  readonly notifications: NotificationList;
  /** By room, of those whose pins somebody has looked at. */
  readonly pins: Readonly<Record<string, PinList>>;
}

export const initialState: State = {
  connection: { status: "closed", attempt: 0, retryAtMs: null, code: null },
  loaded: false,
  me: null,
  epoch: null,
  rooms: {},
  timelines: {},
  members: {},
  pending: {},
  progress: {},
  friends: {},
  friendRequests: {},
  blocks: {},
  presence: {},
  typing: {},
  pins: {},
  notifications: {
    unread: 0,
    items: [],
    loaded: false,
    isStale: false,
    hasMore: false,
    loading: false,
    error: null,
  },
};
