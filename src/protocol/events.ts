import { z } from "zod";
import * as models from "./models.ts";

/**
 * For whom an event is:
 * - `socket`: the one connection that asked or was just opened;
 * - `room`: everybody subscribed to the room that its `room_id` names;
 * - `user`: all devices of one person;
 * - `acquaintances`: one's own devices and all who share a room with one that is not the lobby.
 */
export type Audience = "socket" | "room" | "user" | "acquaintances";

interface EventEntry {
  payload: z.ZodType;
  to: Audience;
}

const roomId = { room_id: z.string() };
const rev = { rev: z.number().int() };

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
      friends: z.array(z.never()),
      friend_requests: z.array(z.never()),
      blocks: z.array(z.never()),
      presence: z.array(z.never()),
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

  new_message: { payload: models.message, to: "room" },
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
    to: "user",
  },
  me_updated: { payload: z.object({ user: models.me }), to: "user" },
  user_updated: { payload: z.object({ user: models.userRef }), to: "acquaintances" },
} as const satisfies Record<string, EventEntry>;

export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.infer<(typeof events)[N]["payload"]>;
/** The events of one audience. */
export type EventFor<A extends Audience> = {
  [N in EventName]: (typeof events)[N]["to"] extends A ? N : never;
}[EventName];

/** A frame as the server sends it; `ref` repeats that of the command it answers. */
export type ServerFrame = {
  [N in EventName]: { type: N; payload: EventPayload<N>; ref?: string; timestamp: string };
}[EventName];
