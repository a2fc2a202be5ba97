import { people, type Person } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { messageById } from "../timeline/find.ts";
import { personalOfOne } from "../timeline/for-viewer.ts";

/** A message that a reply quotes, and who wrote it. */
export interface Quotable {
  row: StoredMessage;
  sender: Person | undefined;
}

/**
 * What a reply answers: a message of the same room that its writer sees. One that is gone may be answered all the same, for
 * it may have gone while the answer was written. Throws `MESSAGE_NOT_FOUND`, and `VALIDATION_ERROR` for a system line.
 */
export async function demandQuotable(ctx: Context, actor: Actor, room: RoomEntry, id: string): Promise<Quotable> {
  const row = await messageById(ctx, room.key, id);
  const isSeen = row !== undefined && !(await personalOfOne(ctx, actor.key)).hides(row);
  if (!isSeen)
    throw new AppError("MESSAGE_NOT_FOUND", { details: [{ field: "reply_to_id", message: "is not found" }] });
  if (row.type === "system") throw invalid("reply_to_id", "must not be a line of the system");
  return { row, sender: await people(ctx).byKey(row.sender_key) };
}
