import { z } from "zod";
import { limits } from "./limits.ts";
import { deletedFor } from "./models.ts";
import { setStatus } from "./requests.ts";
import { multiline, reference, tempId } from "./text.ts";

/** Who may use a command, which limiter counts it, and what answers it (`null`: nothing but an error does). */
interface CommandEntry {
  payload: z.ZodType;
  who: "guest" | "user";
  limiter: "message" | "command" | "sync" | null;
  answer: "ack" | "message_ack" | "pong" | "sync_done" | "presence" | null;
}

/** What is sent, wherever it goes. */
const toSend = {
  content: multiline(),
  message_type: z.enum(["text"]).optional(),
  temp_id: tempId,
  reply_to_id: reference.optional(),
};

const reaction = z.strictObject({ message_id: reference, emoji: z.string().min(1).max(64) });

/** Every frame that a client may send. A new entry without a handler fails the type check of `realtime/dispatch`. */
export const commands = {
  join_room: { payload: z.strictObject({ room_id: reference }), who: "guest", limiter: "command", answer: "ack" },
  leave_room: { payload: z.strictObject({ room_id: reference }), who: "guest", limiter: "command", answer: "ack" },
  authenticate: {
    payload: z.strictObject({ token: z.string().min(1).max(4096) }),
    who: "user",
    limiter: "command",
    answer: "ack",
  },
  send_message: {
    payload: z.strictObject({ room_id: reference, ...toSend }),
    who: "user",
    limiter: "message",
    answer: "message_ack",
  },
  send_direct_message: {
    payload: z.strictObject({ receiver_id: reference, ...toSend }),
    who: "user",
    limiter: "message",
    answer: "message_ack",
  },
  edit_message: {
    payload: z.strictObject({ message_id: reference, content: multiline() }),
    who: "user",
    limiter: "message",
    answer: "ack",
  },
  delete_message: {
    payload: z.strictObject({ message_id: reference, for: deletedFor.default("all") }),
    who: "user",
    limiter: "message",
    answer: "ack",
  },
  recall_message: {
    payload: z.strictObject({ message_id: reference }),
    who: "user",
    limiter: "message",
    answer: "ack",
  },
  mark_read: {
    payload: z.strictObject({ room_id: reference, message_id: reference }),
    who: "user",
    limiter: null,
    answer: null,
  },
  typing: {
    payload: z.strictObject({ room_id: reference, is_typing: z.boolean() }),
    who: "user",
    limiter: "command",
    answer: null,
  },
  set_status: {
    /** `auto`: not chosen by the person, but noticed by this device alone. */
    payload: setStatus
      .extend({ auto: z.boolean().default(false) })
      .refine(({ status, auto }) => !auto || status === "online" || status === "away", {
        path: ["status"],
        message: "must be online or away where it is automatic",
      }),
    who: "user",
    limiter: "command",
    answer: "ack",
  },
  watch_presence: {
    payload: z.strictObject({ user_ids: z.array(reference).max(limits.watchedPeople) }),
    who: "user",
    limiter: "command",
    answer: "presence",
  },
  mark_delivered: {
    payload: z.strictObject({ room_id: reference, message_id: reference }),
    who: "user",
    limiter: null,
    answer: null,
  },
  add_reaction: { payload: reaction, who: "user", limiter: "command", answer: "ack" },
  remove_reaction: { payload: reaction, who: "user", limiter: "command", answer: "ack" },
  sync: {
    payload: z.strictObject({
      epoch: z.string().max(64),
      rooms: z.array(z.strictObject({ room_id: reference, rev: z.int().nonnegative() })).max(limits.roomsPerSync),
    }),
    who: "guest",
    limiter: "sync",
    answer: "sync_done",
  },
  ping: { payload: z.strictObject({}), who: "guest", limiter: null, answer: "pong" },
} as const satisfies Record<string, CommandEntry>;

export type CommandName = keyof typeof commands;
export type CommandPayload<N extends CommandName> = z.output<(typeof commands)[N]["payload"]>;
export type CommandInput<N extends CommandName> = z.input<(typeof commands)[N]["payload"]>;
export type CommandAnswer<N extends CommandName> = (typeof commands)[N]["answer"];

/** A frame as the client sends it; `payload` may be absent, `timestamp` is the client's and ignored. */
export const clientFrame = z.object({
  type: z.string().max(64),
  payload: z.unknown().optional(),
  ref: z.string().max(limits.refChars).optional(),
  timestamp: z.unknown().optional(),
});
