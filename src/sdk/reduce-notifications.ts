import type { ServerFrame } from "../protocol/events.ts";
import { excerpt } from "../protocol/excerpt.ts";
import type { Notification } from "../protocol/models.ts";
import type { Action } from "./actions.ts";
import { patchRoom } from "./room-changes.ts";
import type { NotificationList, State } from "./state.ts";

/** What a frame says of notifications, and of what one wants to be notified of. */
export function reduceNotifications(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "ready":
      // What is held may lack what came meanwhile: whoever shows it asks again.
      return patch(state, () => ({ unread: frame.payload.unread_notifications, isStale: true }));
    case "notification": {
      const { unread_count, ...notification } = frame.payload;
      // Without a count it is stored nowhere: it is for this moment alone.
      if (unread_count === undefined) return state;
      return patch(state, ({ items }) => ({ unread: unread_count, items: withNew(items, notification) }));
    }
    case "notifications_read": {
      const { ids, unread_count, read_at } = frame.payload;
      const read = new Set(ids);
      return patch(state, ({ items }) => ({
        unread: unread_count,
        items: items.map((item) => (item.read_at === null && read.has(item.id) ? { ...item, read_at } : item)),
      }));
    }
    case "notifications_removed": {
      const { ids, unread_count } = frame.payload;
      const gone = new Set(ids);
      return patch(state, ({ items }) => ({ unread: unread_count, items: items.filter(({ id }) => !gone.has(id)) }));
    }
    case "notification_level_changed": {
      const { room_id, level } = frame.payload;
      return patchRoom(state, room_id, (room) => ({ ...room, notify_level: level }));
    }
    // What notifications show of other things follows these.
    case "user_updated": {
      const { user } = frame.payload;
      return patchItems(state, (item) => (item.actor?.id === user.id ? { ...item, actor: user } : item));
    }
    case "message_updated": {
      const { payload } = frame;
      const text = "is_hidden" in payload ? "" : excerpt(payload.content);
      return patchItems(state, (item) => (showsMessage(item, payload.id) ? { ...item, text } : item));
    }
    case "message_hidden": {
      const { message_id } = frame.payload;
      return patchItems(state, (item) => (showsMessage(item, message_id) ? { ...item, text: "" } : item));
    }
    case "room_updated": {
      const { room_id, room } = frame.payload;
      const isOf = (item: Notification) => item.kind === "room_invite" && item.room_id === room_id;
      return patchItems(state, (item) => (isOf(item) ? { ...item, text: room.name } : item));
    }
    default:
      return state;
  }
}

function showsMessage({ kind, message_id }: Notification, messageId: string): boolean {
  return message_id === messageId && kind !== "reaction";
}

/** Changes items; where `change` gives each as it was, the state stays the same. */
function patchItems(state: State, change: (item: Notification) => Notification): State {
  const { items } = state.notifications;
  const changed = items.map(change);
  return changed.every((item, index) => item === items[index]) ? state : patch(state, () => ({ items: changed }));
}

type ListAction = Extract<Action, { type: `notifications_${string}` }>;

/** A page of the list on its way. */
export function reduceNotificationPage(state: State, action: ListAction): State {
  switch (action.type) {
    case "notifications_requested":
      return patch(state, () => ({ loading: true }));
    case "notifications_failed":
      return patch(state, () => ({ loading: false, error: action.error }));
    case "notifications_loaded":
      return patch(state, ({ items }) => ({
        items: action.page === 1 ? action.items : withOlder(items, action.items),
        unread: action.unread,
        hasMore: action.has_more,
        loaded: true,
        isStale: false,
        loading: false,
        error: null,
      }));
  }
}

function patch(state: State, change: (held: NotificationList) => Partial<NotificationList>): State {
  return { ...state, notifications: { ...state.notifications, ...change(state.notifications) } };
}

function withNew(items: readonly Notification[], notification: Notification): readonly Notification[] {
  return [notification, ...items.filter(({ id }) => id !== notification.id)];
}

/** Pages are counted from the newest: what came since shifts them, so that one may bring again what is held. */
function withOlder(items: readonly Notification[], page: readonly Notification[]): readonly Notification[] {
  const held = new Set(items.map(({ id }) => id));
  return [...items, ...page.filter(({ id }) => !held.has(id))];
}
