import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import { memberRoom } from "../rooms/policy.ts";
import { advanceCursor, ownCursor, storeCursor } from "../timeline/cursors.ts";
import { messageById } from "../timeline/find.ts";

interface MarkReadInput {
  room_id: string;
  message_id: string;
}

/**
 * Everything up to this message is read; a cursor never moves back. One's other devices hear of it.
 * `durably`: on disk when it resolves; else within a second. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `MESSAGE_NOT_FOUND`.
 */
export async function markRead(
  ctx: Context,
  actor: Actor,
  input: MarkReadInput,
  options: { durably: boolean },
): Promise<{ read_seq: number }> {
  const { room } = await memberRoom(ctx, actor, input.room_id);
  const message = await messageById(ctx, room.key, input.message_id);
  if (!message) throw new AppError("MESSAGE_NOT_FOUND");
  const before = await ownCursor(ctx, actor, room);
  if (message.seq <= before.read_seq) return { read_seq: before.read_seq };
  const move = { roomKey: room.key, userKey: actor.key, readSeq: message.seq };
  if (options.durably) await storeCursor(ctx, move);
  else advanceCursor(ctx, move);
  ctx.publish.toUser(actor.id, "message_read", {
    room_id: room.id,
    message_id: message.id,
    user_id: actor.id,
    read_seq: message.seq,
    read_at: wireTime(ctx.clock.now()),
  });
  return { read_seq: message.seq };
}
