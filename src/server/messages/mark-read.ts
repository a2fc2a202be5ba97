import { people } from "../accounts/people.ts";
import { areApart } from "../blocks/blocked.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { peerKeyIn } from "../rooms/direct.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { memberRoom } from "../rooms/policy.ts";
import { ownCursor, storeReceipt, takeReceipt } from "../timeline/cursors.ts";
import { messageById } from "../timeline/find.ts";
import { tellReceipt } from "./receipt-news.ts";

interface MarkInput {
  room_id: string;
  message_id: string;
}

/**
 * Everything up to this message is read; a cursor never moves back. Those hear of it whom it concerns, one's other
 * devices always. `durably`: on disk when it resolves; else within a second. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`,
 * `MESSAGE_NOT_FOUND`.
 */
export async function markRead(
  ctx: Context,
  actor: Actor,
  input: MarkInput,
  options: { durably: boolean },
): Promise<{ read_seq: number }> {
  const { room, message, cursor } = await place(ctx, actor, input);
  // Also where the cursor stays: what came of old messages, a reaction, is read with the room.
  ctx.happenings.emit("room_read", { userKey: actor.key, roomKey: room.key, seq: message.seq });
  if (message.seq <= cursor.read_seq) return { read_seq: cursor.read_seq };
  const isKept = await keepsReading(ctx, actor, room);
  const receipt = { roomKey: room.key, userKey: actor.key, kind: "read", seq: message.seq, isKept } as const;
  if (options.durably) await storeReceipt(ctx, receipt);
  else takeReceipt(ctx, receipt);
  tellReceipt(ctx, { ...receipt, room, actor, messageId: message.id, atMs: ctx.clock.now() });
  return { read_seq: message.seq };
}

/**
 * Everything up to this message has come to a device of the actor's. In the lobby nobody asks for it, so nothing is
 * kept. Throws as {@link markRead}.
 */
export async function markDelivered(ctx: Context, actor: Actor, input: MarkInput): Promise<void> {
  const { room, message, cursor } = await place(ctx, actor, input);
  if (room.is_lobby || message.seq <= cursor.delivered_seq) return;
  takeReceipt(ctx, { roomKey: room.key, userKey: actor.key, kind: "delivered", seq: message.seq });
  const told = { kind: "delivered", messageId: message.id, seq: message.seq } as const;
  tellReceipt(ctx, { ...told, room, actor, atMs: ctx.clock.now() });
}

/** Whether that the actor reads here is told to nobody else: by their choice, or in a conversation that a block has ended. */
async function keepsReading(ctx: Context, actor: Actor, room: RoomEntry): Promise<boolean> {
  const person = people(ctx).known(actor.id) ?? (await people(ctx).byId(actor.id));
  const peerKey = peerKeyIn(room, actor.key);
  if (person?.privacy.read_receipts === false) return true;
  return peerKey !== undefined && areApart(ctx, actor.key, peerKey);
}

async function place(ctx: Context, actor: Actor, { room_id, message_id }: MarkInput) {
  const { room } = await memberRoom(ctx, actor, room_id);
  const message = await messageById(ctx, room.key, message_id);
  if (!message) throw new AppError("MESSAGE_NOT_FOUND");
  return { room, message, cursor: await ownCursor(ctx, actor, room) };
}
