import type { Message } from "../../protocol/models.ts";
import { codePoints } from "../../protocol/text.ts";
import { people, userRef, type Person } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import { overloaded, type Pending } from "../platform/db/write-lane.ts";
import type { Settle } from "../platform/settle.ts";
import { rooms, type RoomEntry } from "../rooms/directory.ts";
import type { Membership } from "../rooms/membership.ts";
import { knownMemberRoom, memberRoom } from "../rooms/policy.ts";
import { storedAs, type Appended, type NewMessage, type StoredMessage } from "../timeline/append.ts";
import { advanceCursor } from "../timeline/cursors.ts";
import { messageByClientId } from "../timeline/find.ts";
import { lane } from "../timeline/lane.ts";
import { asQuotedNow } from "../timeline/quotations.ts";
import { wireMessage, wireMessages, wireQuotation } from "../timeline/wire.ts";
import { demandPeer, isSurelyReachable } from "./direct-policy.ts";
import { findMentions, mayMention } from "./mentions.ts";
import { demandVoice } from "./policy.ts";
import { demandQuotable, type Quotable } from "./quotable.ts";
import { slowly } from "./slow-mode.ts";

export interface SendInput {
  room_id: string;
  content: string;
  type?: "text" | undefined;
  temp_id?: string | undefined;
  /** A message of the same room. */
  reply_to_id?: string | undefined;
}

/** A stored message, and whether it was there before (a repeated `temp_id`). */
export interface Sent {
  message: Message;
  isRepeat: boolean;
}

/** A send that has passed every check and waits for its turn to be committed. */
export interface PreparedSend {
  /**
   * Settles when the message is on disk and published, or was not stored. Called in the order of arrival: the lane
   * numbers in that order.
   */
  commit(settle: Settle<Sent>): void;
}

const refusedForNow: PreparedSend = { commit: (settle) => settle.failed(overloaded) };

/**
 * Checks a send. Throws `VALIDATION_ERROR`, `MESSAGE_TOO_LONG`, `ROOM_NOT_FOUND`, `FORBIDDEN`, `BANNED`, `MUTED`,
 * `SLOW_MODE`, `RATE_LIMITED`, `IDEMPOTENCY_CONFLICT`, `MESSAGE_NOT_FOUND` (what it answers), in a direct room also
 * `BLOCKED` and `USER_NOT_FOUND`. A retry of what was stored always gets the original, whatever policy and limiter would say
 * now: they are asked first only because they answer from memory (CONTRACT, Sending again). Where person and room are
 * remembered, which is nearly always, there is no promise: awaiting would cost more than all checks together.
 */
export function prepareSend(ctx: Context, actor: Actor, input: SendInput): PreparedSend | Promise<PreparedSend> {
  // Before any work: under a flood, what refusing costs decides how much is still stored.
  if (lane(ctx).isFull) return refusedForNow;
  try {
    demandContent(ctx, input.content);
    const known = knownMemberRoom(ctx, actor, input.room_id);
    const person = people(ctx).known(actor.id);
    if (!known || !person || !isSurelyReachable(ctx, actor, known.room)) return lookUpAndAdmit(ctx, actor, input);
    const ready = admit(ctx, actor, input, known, person);
    if (!(ready instanceof Promise)) return ready;
    return ready.catch((refusal: unknown) => originalOrRefusal(ctx, actor, input, refusal));
  } catch (refusal) {
    return originalOrRefusal(ctx, actor, input, refusal);
  }
}

async function lookUpAndAdmit(ctx: Context, actor: Actor, input: SendInput): Promise<PreparedSend> {
  try {
    const known = await memberRoom(ctx, actor, input.room_id);
    const person = await people(ctx).byId(actor.id);
    if (!person) throw new AppError("UNAUTHENTICATED");
    await demandPeer(ctx, actor, known.room);
    return await admit(ctx, actor, input, known, person);
  } catch (refusal) {
    return originalOrRefusal(ctx, actor, input, refusal);
  }
}

function admit(
  ctx: Context,
  actor: Actor,
  input: SendInput,
  place: { room: RoomEntry; membership: Membership },
  person: Person,
): PreparedSend | Promise<PreparedSend> {
  const { room, membership } = place;
  demandVoice(ctx, membership);
  const { messagesPerSecond } = ctx.config;
  if (messagesPerSecond > 0) {
    const rate = { perSecond: messagesPerSecond, burst: messagesPerSecond * 2, isSettled: true } as const;
    ctx.limits.demand("message", actor.id, rate);
  }
  const job: NewMessage = {
    id: Bun.randomUUIDv7(),
    room_key: room.key,
    sender_key: actor.key,
    client_id: input.temp_id ?? null,
    body_hash: bodyHash(input),
    type: input.type ?? "text",
    content: input.content,
    reply_to_id: input.reply_to_id ?? null,
    mentions: null,
    created_at: ctx.clock.now(),
  };
  const prepared = new Draft(ctx, job, room, person);
  const isPlain = input.reply_to_id === undefined && !mayMention(input.content);
  const ready = isPlain ? prepared : lookUp(ctx, actor, place, prepared).then(() => prepared);
  // Last of all: nobody waits for a message that was refused.
  return room.slow_mode_s === 0 ? ready : slowly(ctx, actor, place, ready);
}

/** Looks up what the message answers and whom it names. */
async function lookUp(
  ctx: Context,
  actor: Actor,
  place: { room: RoomEntry; membership: Membership },
  draft: Draft,
): Promise<void> {
  const { reply_to_id, content } = draft.job;
  if (reply_to_id !== null) draft.quotes = await demandQuotable(ctx, actor, place.room, reply_to_id);
  if (mayMention(content)) draft.job.mentions = await findMentions(ctx, actor, place, content);
}

/** What was stored under the same `temp_id`, or else the refusal. */
async function originalOrRefusal(
  ctx: Context,
  actor: Actor,
  input: SendInput,
  refusal: unknown,
): Promise<PreparedSend> {
  if (!(refusal instanceof AppError)) throw refusal;
  ctx.metrics.sendsRefused.inc({ code: refusal.code });
  const original = input.temp_id && (await messageByClientId(ctx, actor.key, input.temp_id));
  if (!original) throw refusal;
  const sent = await repeated(ctx, original, bodyHash(input));
  return { commit: (settle) => settle.done(sent) };
}

/** {@link prepareSend} and commit in one. */
export async function send(ctx: Context, actor: Actor, input: SendInput): Promise<Sent> {
  const prepared = await prepareSend(ctx, actor, input);
  return new Promise((resolve, reject) => prepared.commit({ done: resolve, failed: reject }));
}

/** Refuses what can be no message. */
export function demandContent(ctx: Context, content: string): void {
  const { messageMaxChars } = ctx.config;
  if (content.trim() === "") throw invalid("content", "must not be empty");
  if (content.length > messageMaxChars && codePoints(content) > messageMaxChars) {
    throw new AppError("MESSAGE_TOO_LONG", {
      values: { limit: messageMaxChars },
      details: [{ field: "content", message: `must have at most ${messageMaxChars} characters` }],
    });
  }
}

/** 53 bits of xxHash64 over what the client sent, so that a retry with another body is seen as a conflict. */
function bodyHash({ room_id, content, type, reply_to_id }: SendInput): number {
  const body = [room_id, type ?? "text", content];
  if (reply_to_id !== undefined) body.push(reply_to_id);
  return Number(Bun.hash.xxHash64(JSON.stringify(body)) >> 11n);
}

/** A message on its way to the disk: where it goes, whose it is, and what it quotes. One object, since thousands wait at once. */
class Draft implements PreparedSend, Pending<NewMessage, Appended> {
  quotes: Quotable | null = null;
  private settle: Settle<Sent> | undefined;

  constructor(
    private readonly ctx: Context,
    readonly job: NewMessage,
    readonly room: RoomEntry,
    readonly sender: Person,
  ) {}

  commit(settle: Settle<Sent>): void {
    this.settle = settle;
    lane(this.ctx).submit(this);
  }

  done(outcome: Appended): void {
    const { ctx, job, settle } = this;
    switch (outcome.kind) {
      case "stored":
        settle?.done({ message: publishStored(ctx, this, outcome), isRepeat: false });
        break;
      case "repeated":
        repeated(ctx, outcome.original, job.body_hash).then(
          (sent) => settle?.done(sent),
          (error: unknown) => settle?.failed(error),
        );
        break;
      case "no_room":
        settle?.failed(new AppError("ROOM_NOT_FOUND"));
        break;
      case "refused":
        ctx.log.error("the database refused a message", { reason: outcome.reason, message: job.id });
        settle?.failed(new AppError("INTERNAL"));
    }
  }

  failed(error: unknown): void {
    this.settle?.failed(error);
  }
}

function publishStored(
  ctx: Context,
  { job, room, sender, quotes }: Draft,
  { seq, rev }: { seq: number; rev: number },
): Message {
  const reply_to = quotes && wireQuotation(asQuotedNow(ctx, quotes.row), quotes.sender);
  const message = wireMessage(room.id, storedAs(job, seq, rev), userRef(sender), reply_to);
  ctx.publish.toRoom(room.type === "direct" ? "new_direct_message" : "new_message", message);
  ctx.metrics.messages.inc();
  const { sender_key: senderKey, mentions, reply_to_id: replyToId } = job;
  advanceCursor(ctx, { roomKey: room.key, userKey: senderKey, readSeq: seq });
  ctx.happenings.emit("room_read", { userKey: senderKey, roomKey: room.key, seq });
  if (mentions !== null || replyToId !== null || room.type === "direct") {
    const place = { messageId: job.id, roomKey: room.key, roomId: room.id, seq };
    ctx.happenings.emit("message_stored", { ...place, senderKey, mentions, replyToId });
  }
  return message;
}

async function repeated(ctx: Context, original: StoredMessage, hash: number | null): Promise<Sent> {
  if (original.body_hash !== hash) throw new AppError("IDEMPOTENCY_CONFLICT");
  const room = await rooms(ctx).byKey(original.room_key);
  if (!room) throw new AppError("ROOM_NOT_FOUND");
  const [message] = await wireMessages(ctx, room.id, [original]);
  if (!message) throw new AppError("MESSAGE_NOT_FOUND");
  return { message, isRepeat: true };
}
