import type { Message, UserRef } from "../../protocol/models.ts";
import { codePoints } from "../../protocol/text.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import type { NewMessage, StoredMessage } from "../timeline/append.ts";
import { advanceCursor } from "../timeline/cursors.ts";
import { lane } from "../timeline/lane.ts";
import { messageByClientId } from "../timeline/find.ts";
import { wireMessage, wireMessages } from "../timeline/wire.ts";
import { maySend } from "./policy.ts";
import { rooms } from "../rooms/directory.ts";

export interface SendInput {
  room_id: string;
  content: string;
  type?: "text" | undefined;
  temp_id?: string | undefined;
}

/** A stored message, and whether it was there before (a repeated `temp_id`). */
export interface Sent {
  message: Message;
  isRepeat: boolean;
}

/** A send that has passed every check and waits for its turn to be committed. */
export interface PreparedSend {
  /** Resolves when the message is on disk and published. Called in the order of arrival: the lane numbers in that order. */
  commit(): Promise<Sent>;
}

/**
 * Checks a send. Throws `VALIDATION_ERROR`, `MESSAGE_TOO_LONG`, `ROOM_NOT_FOUND`, `FORBIDDEN`, `MUTED`, `RATE_LIMITED`,
 * `IDEMPOTENCY_CONFLICT`. A retry of what was stored always gets the original, whatever policy and limiter would say
 * now: they are asked first only because they answer from memory (CONTRACT, Sending again).
 */
export async function prepareSend(ctx: Context, actor: Actor, input: SendInput): Promise<PreparedSend> {
  try {
    demandContent(ctx, input.content);
    const room = await maySend(ctx, actor, input.room_id);
    const person = people(ctx).known(actor.id) ?? (await people(ctx).byId(actor.id));
    if (!person) throw new AppError("UNAUTHENTICATED");
    const { messagesPerSecond } = ctx.config;
    if (messagesPerSecond > 0) {
      ctx.limits.demand("message", actor.id, { perSecond: messagesPerSecond, burst: messagesPerSecond * 2 });
    }
    const draft: NewMessage = {
      id: Bun.randomUUIDv7(),
      room_key: room.key,
      sender_key: actor.key,
      client_id: input.temp_id ?? null,
      body_hash: bodyHash(input),
      type: input.type ?? "text",
      content: input.content,
      reply_to_id: null,
      created_at: ctx.clock.now(),
    };
    return { commit: () => commit(ctx, draft, room.id, userRef(person)) };
  } catch (refusal) {
    if (!(refusal instanceof AppError)) throw refusal;
    ctx.metrics.sendsRefused.inc({ code: refusal.code });
    const original = input.temp_id && (await messageByClientId(ctx, actor.key, input.temp_id));
    if (!original) throw refusal;
    const sent = await repeated(ctx, original, bodyHash(input));
    return { commit: async () => sent };
  }
}

/** {@link prepareSend} and commit in one. */
export async function send(ctx: Context, actor: Actor, input: SendInput): Promise<Sent> {
  return (await prepareSend(ctx, actor, input)).commit();
}

function demandContent(ctx: Context, content: string): void {
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
function bodyHash({ room_id, content, type }: SendInput): number {
  return Number(Bun.hash.xxHash64(JSON.stringify([room_id, type ?? "text", content])) >> 11n);
}

async function commit(ctx: Context, draft: NewMessage, roomId: string, sender: UserRef): Promise<Sent> {
  const outcome = await lane(ctx).add(draft);
  switch (outcome.kind) {
    case "stored": {
      const row: StoredMessage = {
        ...draft,
        key: 0,
        seq: outcome.seq,
        sent_rev: outcome.rev,
        system: null,
        changed_rev: null,
        edited_at: null,
        deleted_at: null,
        recalled_at: null,
      };
      const message = wireMessage(roomId, row, sender);
      ctx.publish.toRoom("new_message", message);
      ctx.metrics.messages.inc();
      advanceCursor(ctx, { roomKey: draft.room_key, userKey: draft.sender_key, readSeq: outcome.seq });
      return { message, isRepeat: false };
    }
    case "repeated":
      return repeated(ctx, outcome.original, draft.body_hash);
    case "no_room":
      throw new AppError("ROOM_NOT_FOUND");
    case "refused":
      ctx.log.error("the database refused a message", { reason: outcome.reason, message: draft.id });
      throw new AppError("INTERNAL");
  }
}

async function repeated(ctx: Context, original: StoredMessage, hash: number | null): Promise<Sent> {
  if (original.body_hash !== hash) throw new AppError("IDEMPOTENCY_CONFLICT");
  const room = await rooms(ctx).byKey(original.room_key);
  if (!room) throw new AppError("ROOM_NOT_FOUND");
  const [message] = await wireMessages(ctx, room.id, [original]);
  if (!message) throw new AppError("MESSAGE_NOT_FOUND");
  return { message, isRepeat: true };
}
