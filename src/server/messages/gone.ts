import { people } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Queries } from "../platform/db/database.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { emptyMessages } from "../timeline/empty.ts";
import { noteQuotable } from "../timeline/quotations.ts";

/** Empties one message for everybody, which is none of those that are gone already. */
export async function emptyOne(
  ctx: Context,
  tx: Queries,
  { key, room_key }: StoredMessage,
  as: "deleted_at" | "recalled_at",
): Promise<StoredMessage> {
  const { rev } = await changeRoom(ctx, tx, room_key);
  const [row] = await emptyMessages(ctx, tx, [key], { rev, as });
  if (!row) throw new AppError("MESSAGE_NOT_FOUND");
  return row;
}

/** Tells everybody that messages of a room are gone, after the commit; all of them of one transaction. */
export async function announceGone(ctx: Context, room: RoomEntry, rows: readonly StoredMessage[]): Promise<void> {
  for (const row of rows) noteQuotable(ctx, row);
  const senders = await people(ctx).byKeys(rows.map(({ sender_key }) => sender_key));
  for (const { id, seq, sender_key, changed_rev, recalled_at } of rows) {
    const sender_id = senders.get(sender_key)?.id ?? "";
    const type = recalled_at === null ? "message_deleted" : "message_recalled";
    ctx.publish.toRoom(type, { id, room_id: room.id, seq, sender_id, rev: changed_rev ?? 0 });
    ctx.metrics.messageChanges.inc({ kind: recalled_at === null ? "deleted" : "recalled" });
  }
  for (const { id, seq } of rows) {
    ctx.happenings.emit("message_gone", { messageId: id, roomKey: room.key, roomId: room.id, seq });
  }
}
