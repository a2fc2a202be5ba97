import { z } from "zod";
import { type CloseCode, closeCodes } from "../../protocol/close.ts";

/** For whom an event is: the room or the person; and what else it does to their sockets. */
const address = z.discriminatedUnion("to", [
  z.object({
    to: z.literal("room"),
    roomId: z.string(),
    rev: z.number(),
    /** Whose doing it is, and whose message it quotes: hidden from whoever has blocked them. */
    by: z.string().optional(),
    quotes: z.string().optional(),
    /** Of the reactions that it counts, those by people whom somebody has blocked. */
    blocked: z
      .array(z.object({ by: z.string(), emoji: z.string() }))
      .readonly()
      .optional(),
  }),
  /** Whoever is in the room now; `by` did it. */
  z.object({ to: z.literal("room_now"), roomId: z.string(), by: z.string() }),
  z.object({
    to: z.literal("user"),
    userId: z.string(),
    /** The person's sockets come into this room, of which the event tells them up to this `rev`. */
    enters: z.object({ roomId: z.string(), rev: z.number() }).optional(),
    /** … or leave it. */
    leaves: z.string().optional(),
    /** They begin to watch the other one of a direct room that they come into, or a friend; or cease to. */
    meets: z.string().optional(),
    befriends: z.string().optional(),
    unfriends: z.string().optional(),
  }),
  /** The person, and the members of these rooms of theirs. */
  z.object({ to: z.literal("acquaintances"), userId: z.string(), roomIds: z.array(z.string()) }),
]);
export type Address = z.infer<typeof address>;

/** What every node does to its own sockets and caches. */
const order = z.discriminatedUnion("do", [
  z.object({
    do: z.literal("disconnect"),
    userId: z.string(),
    sessionId: z.string().optional(),
    exceptSessionId: z.string().optional(),
    /** One that this version does not know ends the socket all the same: its client comes back, and is judged anew. */
    code: z.custom<CloseCode>((code) => typeof code === "number" && code in closeCodes).catch(1012),
  }),
  z.object({ do: z.literal("empty"), roomId: z.string(), keepMembers: z.boolean() }),
  /** A person has blocked an author, or does so no longer. */
  z.object({ do: z.literal("hide"), userId: z.string(), authorId: z.string(), isHidden: z.boolean() }),
  /** What was told a person's devices meanwhile was not heard: each is to get its `ready` anew. */
  z.object({ do: z.literal("anew"), userId: z.string() }),
  z.object({ do: z.literal("invalidate"), cache: z.string(), key: z.string() }),
]);
export type Order = z.infer<typeof order>;

const version = 1;
const envelope = z.object({ v: z.literal(version), message: z.union([address, order]) });

/** A message between nodes: one line of JSON, then the frame of an event, byte for byte as the sockets get it. */
export function encode(message: Address | Order, frame = ""): string {
  return `${JSON.stringify({ v: version, message })}\n${frame}`;
}

/** What another node sent. Throws when it is of a version that this one does not know. */
export function decode(text: string): { message: Address | Order; frame: string } {
  const end = text.indexOf("\n");
  const { message } = envelope.parse(JSON.parse(text.slice(0, end)));
  return { message, frame: text.slice(end + 1) };
}

/** Where a message is heard: orders by all nodes, events by those that have sockets for them. */
export function channelOf(message: Address | Order): string {
  if ("do" in message && message.do === "anew") return `user:${message.userId}`;
  if ("do" in message || message.to === "acquaintances") return "all";
  return message.to === "room" || message.to === "room_now" ? `room:${message.roomId}` : `user:${message.userId}`;
}
