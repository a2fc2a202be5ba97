import { and, eq } from "drizzle-orm";
import type { Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import { rooms, type RoomEntry } from "../rooms/directory.ts";
import { visibleRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { messageAnywhere } from "../timeline/find.ts";
import { personalOfOne } from "../timeline/for-viewer.ts";

/** A message that the viewer sees, and its room; else `MESSAGE_NOT_FOUND`, whatever the reason. */
export async function seenMessage(
  ctx: Context,
  viewer: Viewer,
  messageId: string,
): Promise<{ message: StoredMessage; room: RoomEntry }> {
  const message = await messageAnywhere(ctx, messageId);
  const room = message && (await rooms(ctx).byKey(message.room_key));
  if (!room || !(await isVisible(ctx, viewer, room))) throw new AppError("MESSAGE_NOT_FOUND");
  if (viewer && (await personalOfOne(ctx, viewer.key)).hides(message)) throw new AppError("MESSAGE_NOT_FOUND");
  return { message, room };
}

async function isVisible(ctx: Context, viewer: Viewer, room: RoomEntry): Promise<boolean> {
  try {
    await visibleRoom(ctx, viewer, room.id);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "ROOM_NOT_FOUND") return false;
    throw error;
  }
}

/** The message as it is under its room's lock, which the transaction holds until it ends. Throws `MESSAGE_NOT_FOUND`. */
export async function lockMessage(
  ctx: Context,
  tx: Queries,
  { key, room_key }: Pick<StoredMessage, "key" | "room_key">,
): Promise<StoredMessage> {
  const { messages } = ctx.db.tables;
  await ctx.db.lockRooms(tx, [room_key]);
  const [row] = await tx
    .select()
    .from(messages)
    .where(and(eq(messages.key, key), eq(messages.room_key, room_key)));
  if (!row) throw new AppError("MESSAGE_NOT_FOUND");
  return row;
}

/** Whether somebody's message can be acted upon: it is no line of the system and still says something. Throws `CONFLICT`. */
export function demandPresent({ type, deleted_at, recalled_at }: StoredMessage): void {
  if (type === "system" || deleted_at !== null || recalled_at !== null) throw new AppError("CONFLICT");
}
