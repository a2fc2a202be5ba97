import { excerpt } from "../../protocol/excerpt.ts";
import type { Notification } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import { rooms, type RoomEntry } from "../rooms/directory.ts";
import { membership } from "../rooms/membership.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { messagesById } from "../timeline/find.ts";
import { type Personal, personalOf } from "../timeline/for-viewer.ts";
import type { NotificationRow } from "./store.ts";

/**
 * Notifications as the protocol has them. Their text is the present one: a message's beginning as its reader may see it
 * now, nothing of what they may not see any more.
 */
export async function wireNotifications(
  ctx: Context,
  rows: readonly Omit<NotificationRow, "key">[],
): Promise<Notification[]> {
  const messages = await messagesById(
    ctx,
    rows.flatMap(({ message_id }) => message_id ?? []),
  );
  const persons = await people(ctx).byKeys(rows.flatMap(({ actor_key }) => actor_key ?? []));
  const personal = await personalOf(ctx, [...new Set(rows.map(({ user_key }) => user_key))]);
  const wire: Notification[] = [];
  for (const row of rows) {
    const actor = row.actor_key === null ? undefined : persons.get(row.actor_key);
    const room = row.room_key === null ? undefined : await rooms(ctx).byKey(row.room_key);
    wire.push({
      id: row.id,
      kind: row.kind,
      actor: actor ? userRef(actor) : null,
      room_id: room?.id ?? null,
      message_id: row.message_id,
      text: await textOf(ctx, row, room, messages.get(row.message_id ?? ""), personal.get(row.user_key)),
      created_at: wireTime(row.created_at),
      read_at: wireTimeOrNull(row.read_at),
    });
  }
  return wire;
}

async function textOf(
  ctx: Context,
  { kind, text, user_key }: Omit<NotificationRow, "key">,
  room: RoomEntry | undefined,
  message: StoredMessage | undefined,
  personal: Personal | undefined,
): Promise<string> {
  if (kind === "reaction") return text;
  if (kind === "room_invite") return room?.name ?? text;
  if (kind === "friend_request" || kind === "friend_accepted" || kind === "announcement") return text;
  if (!room || !message || message.deleted_at !== null || message.recalled_at !== null) return "";
  const isHidden = personal?.hides(message) === true;
  const isSeen = room.type === "public" || (await membership(ctx, room, user_key)) !== undefined;
  return isHidden || !isSeen ? "" : excerpt(message.content);
}
