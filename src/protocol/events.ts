import { z } from "zod";
import * as models from "./models.ts";

/**
 * For whom an event is:
 * - `socket`: the one connection that asked or was just opened;
 * - `room`: everybody subscribed to the room that its `room_id` names;
 * - `passing`: the same, but only those who are there now: it is no change of the room, has no `rev` and is not repeated;
 * - `user`: all devices of one person;
 * - `acquaintances`: one's own devices, those who watch one (friends), and all who share a room with one that is not the lobby;
 * - `watchers`: friends, direct partners and those who look.
 */
export type Audience = "socket" | "room" | "passing" | "user" | "acquaintances" | "watchers";

interface EventEntry {
  payload: z.ZodType;
  /** What those get in its place from whom it is hidden. */
  hidden?: z.ZodType;
  to: Audience;
}

const roomId = { room_id: z.string() };
const rev = { rev: z.number().int() };

/** `seq` and `sender_id` tell those who do not hold the message whether it was one of their unread. */
const gone = z.object({ id: z.string(), ...roomId, seq: z.number().int(), sender_id: z.string(), ...rev });

/** Every frame that the server sends. An event without an audience fails the type check. */
export const events = {
  connected: {
    payload: z.object({
      user_id: z.string().nullable(),
      session_id: z.string().nullable(),
      server_time: z.string(),
      epoch: z.string(),
      heartbeat_s: z.number(),
    }),
    to: "socket",
  },
  ready: {
    payload: z.object({
      user: models.me.nullable(),
      rooms: z.array(models.joinedRoom),
      friends: z.array(models.user),
      friend_requests: z.array(models.friendRequest),
      blocks: z.array(models.userRef),
      presence: z.array(models.presence),
      unread_notifications: z.number().int(),
    }),
    to: "socket",
  },
  ack: { payload: z.object({ room_id: z.string().optional(), expires_at: z.string().optional() }), to: "socket" },
  message_ack: {
    payload: z.object({
      temp_id: z.string(),
      id: z.string(),
      ...roomId,
      seq: z.number().int(),
      ...rev,
      created_at: z.string(),
    }),
    to: "socket",
  },
  pong: { payload: z.object({ server_time: z.string() }), to: "socket" },
  error: {
    payload: z.object({
      code: z.string(),
      message: z.string(),
      request_type: z.string().nullable(),
      temp_id: z.string().optional(),
      details: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
      retry_after_ms: z.number().int().optional(),
    }),
    to: "socket",
  },
  sync_batch: { payload: models.roomChanges, to: "socket" },
  sync_done: { payload: z.object({}), to: "socket" },
  sync_reset: { payload: z.object({ epoch: z.string() }), to: "socket" },
  server_shutdown: { payload: z.object({ reconnect_after_ms: z.number().int() }), to: "socket" },

  presence: { payload: z.object({ users: z.array(models.presence) }), to: "socket" },

  new_message: { payload: models.message, hidden: models.hiddenMessage, to: "room" },
  new_direct_message: { payload: models.message, hidden: models.hiddenMessage, to: "room" },
  message_updated: { payload: models.message, hidden: models.hiddenMessage, to: "room" },
  message_deleted: { payload: gone, hidden: models.hiddenMessage, to: "room" },
  message_recalled: { payload: gone, hidden: models.hiddenMessage, to: "room" },
  reaction_changed: {
    payload: z.object({
      ...roomId,
      message_id: z.string(),
      emoji: z.string(),
      count: z.number().int(),
      user_id: z.string(),
      added: z.boolean(),
      ...rev,
    }),
    to: "room",
  },
  pin_changed: {
    payload: z.object({
      ...roomId,
      message_id: z.string(),
      is_pinned: z.boolean(),
      by: models.userRef,
      at: z.string(),
      ...rev,
    }),
    to: "room",
  },
  /** Something happened that one is not to see: the room is now at this `rev`, and so is the message it happened to. */
  room_advanced: { payload: z.object({ ...roomId, message_id: z.string().optional(), ...rev }), to: "room" },
  /**
   * The room has changed after `since_rev` in ways that were not told one by one, up to `rev`: what is held of it is to be
   * brought in step by `sync`.
   */
  room_changed: { payload: z.object({ ...roomId, since_rev: z.number().int(), ...rev }), to: "room" },
  user_joined: { payload: z.object({ ...roomId, user: models.userRef, ...rev }), to: "room" },
  user_left: {
    payload: z.object({ ...roomId, user_id: z.string(), reason: z.enum(["left", "kicked", "banned"]), ...rev }),
    to: "room",
  },
  member_updated: { payload: z.object({ ...roomId, member: models.member, ...rev }), to: "room" },
  room_updated: { payload: z.object({ ...roomId, room: models.room, ...rev }), to: "room" },
  room_deleted: { payload: z.object({ ...roomId, ...rev }), to: "room" },

  room_added: { payload: z.object({ room: models.joinedRoom }), to: "user" },
  room_removed: {
    payload: z.object({ ...roomId, reason: z.enum(["left", "kicked", "banned", "deleted"]) }),
    to: "user",
  },
  message_read: {
    payload: z.object({
      ...roomId,
      message_id: z.string(),
      user_id: z.string(),
      read_seq: z.number().int(),
      read_at: z.string(),
    }),
    to: "passing",
  },
  message_delivered: {
    payload: z.object({
      ...roomId,
      message_id: z.string(),
      user_id: z.string(),
      delivered_seq: z.number().int(),
      delivered_at: z.string(),
    }),
    to: "passing",
  },
  user_typing: {
    payload: z.object({
      ...roomId,
      user: z.object({ id: z.string(), display_name: z.string() }),
      is_typing: z.boolean(),
    }),
    to: "passing",
  },
  /** `hidden_count`: how many they have hidden in this room by now. */
  message_hidden: {
    payload: z.object({
      ...roomId,
      message_id: z.string(),
      seq: z.number().int(),
      hidden_count: z.number().int(),
    }),
    to: "user",
  },
  conversation_cleared: { payload: z.object({ ...roomId, up_to_seq: z.number().int() }), to: "user" },
  relationship_changed: {
    payload: z.object({
      user: models.user,
      friend: z.boolean(),
      request: models.requestDirection.nullable(),
      /** The request itself, while there is one. */
      friend_request: models.friendRequest.nullable(),
      blocked: z.boolean(),
    }),
    to: "user",
  },
  /** `unread_count`: all that is unread now; absent where nothing was stored. */
  notification: { payload: models.notification.extend({ unread_count: z.number().int().optional() }), to: "user" },
  notifications_read: {
    payload: z.object({
      ids: z.array(z.string()),
      all: z.boolean(),
      unread_count: z.number().int(),
      read_at: z.string(),
    }),
    to: "user",
  },
  /** They are no more: what they told of is gone. */
  notifications_removed: {
    payload: z.object({ ids: z.array(z.string()), unread_count: z.number().int() }),
    to: "user",
  },
  notification_level_changed: { payload: z.object({ ...roomId, level: models.notifyLevel }), to: "user" },
  user_status_changed: { payload: models.presence, to: "watchers" },
  me_updated: { payload: z.object({ user: models.me }), to: "user" },
  user_updated: { payload: z.object({ user: models.userRef }), to: "acquaintances" },
} as const satisfies Record<string, EventEntry>;

export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.infer<(typeof events)[N]["payload"]>;
/** What a client may get: the event, or what stands in its place for whom it is hidden. */
export type EventSeen<N extends EventName> =
  EventPayload<N> | ((typeof events)[N] extends { hidden: infer H extends z.ZodType } ? z.infer<H> : never);
/** The events of one audience. */
export type EventFor<A extends Audience> = {
  [N in EventName]: (typeof events)[N]["to"] extends A ? N : never;
}[EventName];

/** A frame as the server sends it; `ref` repeats that of the command it answers. */
export type ServerFrame = {
  [N in EventName]: { type: N; payload: EventSeen<N>; ref?: string; timestamp: string };
}[EventName];
