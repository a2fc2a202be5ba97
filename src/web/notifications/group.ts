import type { Notification } from "../../protocol/models.ts";

/** Notifications that are shown as one: the newest of them, and all together. */
export interface Group {
  readonly newest: Notification;
  readonly all: readonly Notification[];
}

/** What somebody wrote to one in a row is one thing to look at, not ten. */
export function grouped(items: readonly Notification[]): Group[] {
  const groups: { newest: Notification; all: Notification[] }[] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last && belongTogether(last.newest, item)) last.all.push(item);
    else groups.push({ newest: item, all: [item] });
  }
  return groups;
}

function belongTogether(newer: Notification, older: Notification): boolean {
  const areMessages = newer.kind === "direct_message" && older.kind === "direct_message";
  return areMessages && newer.room_id === older.room_id && (newer.read_at === null) === (older.read_at === null);
}

export function isUnread({ all }: Group): boolean {
  return all.some(({ read_at }) => read_at === null);
}
