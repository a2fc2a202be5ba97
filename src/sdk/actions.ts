import type { ServerFrame } from "../protocol/events.ts";
import type { Cursor, JoinedRoom, Me, Member, Notification, Pin, Room, TimelineMessage } from "../protocol/models.ts";
import type { ConnectionState, PendingMessage, State } from "./state.ts";
import type { Store } from "./store.ts";
import type { PageKind } from "./timeline.ts";

/** Everything that can change the state. */
export type Action =
  | { type: "frame"; frame: ServerFrame }
  | { type: "connection"; connection: ConnectionState }
  | { type: "signed_in"; me: Me }
  | { type: "signed_out" }
  | { type: "page_requested"; room_id: string; page: PageKind }
  | { type: "page_loaded"; room_id: string; page: PageKind; messages: TimelineMessage[]; has_newer: boolean }
  | { type: "page_failed"; room_id: string; page: PageKind; error: string }
  /** `keep`: so many of the newest, or so many around a number. */
  | { type: "timeline_trimmed"; room_id: string; keep: number | { around: number; count: number } }
  /** Too much changed in the room to be told one by one: what is held of it goes, and `rev` is where it starts anew. */
  | { type: "room_restarted"; room_id: string; rev: number; keep_timeline: boolean }
  | { type: "members_requested"; room_id: string }
  /** `rev` of the room when they were asked for: the answer shows at least everything up to it. */
  | { type: "members_loaded"; room_id: string; members: Member[]; complete: boolean; rev: number | null }
  | { type: "members_failed"; room_id: string }
  | { type: "pending"; room_id: string; messages: readonly PendingMessage[] }
  /** As they are seen since somebody was blocked or unblocked. */
  | { type: "rooms_reread"; rooms: readonly JoinedRoom[] }
  | { type: "timeline_reread"; room_id: string; messages: readonly TimelineMessage[]; has_newer: boolean }
  | { type: "timelines_dropped"; room_ids: readonly string[] }
  | { type: "presence_forgotten"; user_ids: readonly string[] }
  /** Nothing more was heard since. */
  | { type: "typing_forgotten"; room_id: string; user_id: string; heard_at: string }
  | { type: "notifications_requested" }
  | { type: "notifications_loaded"; page: number; items: Notification[]; has_more: boolean; unread: number }
  | { type: "notifications_failed"; error: string }
  | { type: "pins_requested"; room_id: string }
  | { type: "pins_loaded"; room_id: string; pins: readonly Pin[] }
  | { type: "pins_failed"; room_id: string }
  | { type: "read"; room_id: string; seq: number }
  | { type: "cursors_loaded"; room_id: string; cursors: readonly Cursor[] }
  | { type: "cleared"; room_id: string; up_to_seq: number }
  | { type: "room_watched"; room: Room }
  | { type: "room_unwatched"; room_id: string };

/** The client's store, for those who may change it. */
export type StateStore = Store<State> & { dispatch(action: Action): void };
