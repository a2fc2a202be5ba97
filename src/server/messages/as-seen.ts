import type { TimelineMessage } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { forViewer, personalOfOne } from "../timeline/for-viewer.ts";

/** A message as the actor sees it. */
export async function asSeen(
  ctx: Context,
  actor: Actor,
  room: RoomEntry,
  row: StoredMessage,
): Promise<TimelineMessage> {
  const [message] = await forViewer(ctx, await personalOfOne(ctx, actor.key), room, [row]);
  if (!message) throw new AppError("MESSAGE_NOT_FOUND");
  return message;
}
