import { AtSign, DoorOpen, Heart, Megaphone, MessageCircle, Reply, UserCheck, UserPlus } from "lucide-react";
import type { ReactNode } from "react";
import type { Notification, NotificationKind } from "../../protocol/models.ts";
import { useParley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import type { Dictionary } from "../i18n/en.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { withoutMarkup } from "../markdown/markdown.ts";
import { roomName } from "../rooms/room-name.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Avatar } from "../ui/avatar.tsx";
import { type Group, isUnread } from "./group.ts";

interface NotificationRowProps {
  group: Group;
  onOpen(): void;
}

/** Who did what and where; it leads there. */
export function NotificationRow({ group, onOpen }: NotificationRowProps) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const { newest, all } = group;
  const room = useParley((state) => (newest.room_id === null ? undefined : state.rooms[newest.room_id]));
  const { actor } = newest;
  const at = new Date(newest.created_at);
  const excerpt = newest.kind === "reaction" || newest.kind === "room_invite" ? "" : withoutMarkup(newest.text);
  const isUnseen = isUnread(group);
  return (
    <li className="notification">
      <Link
        className="notification-link"
        to={placeOf(newest)}
        data-unread={isUnseen || undefined}
        data-notification={newest.id}
        onClick={onOpen}
      >
        <span className="notification-face">
          <Avatar
            id={actor?.id ?? newest.id}
            name={actor?.display_name ?? text.appName}
            url={actor?.avatar_url ?? null}
            size="large"
          />
          <span className="notification-kind" aria-hidden="true">
            {icons[newest.kind]}
          </span>
        </span>
        <span className="room-row-text">
          <span className="room-row-line">
            <span className="notification-what" dir="auto">
              {whatOf(newest, all.length, text)}
            </span>
            <time className="room-row-time" dateTime={newest.created_at} title={format.exact(at)}>
              {format.brief(at, now)}
            </time>
          </span>
          {room && room.type !== "direct" && newest.kind !== "room_invite" && (
            <span className="notification-room" dir="auto">
              {roomName(room, text)}
            </span>
          )}
          {excerpt !== "" && (
            <span className="notification-text" dir="auto">
              {excerpt}
            </span>
          )}
        </span>
        {isUnseen && (
          <span className="notification-dot">
            <span className="visually-hidden">{text.notifications.isUnread}</span>
          </span>
        )}
      </Link>
    </li>
  );
}

const icons: Record<NotificationKind, ReactNode> = {
  mention: <AtSign size={12} />,
  reply: <Reply size={12} />,
  reaction: <Heart size={12} />,
  direct_message: <MessageCircle size={12} />,
  friend_request: <UserPlus size={12} />,
  friend_accepted: <UserCheck size={12} />,
  friend_online: <UserCheck size={12} />,
  room_invite: <DoorOpen size={12} />,
  announcement: <Megaphone size={12} />,
};

function whatOf({ kind, actor, text: said }: Notification, count: number, { notifications }: Dictionary): string {
  const name = actor?.display_name ?? notifications.somebody;
  switch (kind) {
    case "mention":
      return notifications.mention(name);
    case "reply":
      return notifications.reply(name);
    case "reaction":
      return notifications.reaction(name, said);
    case "direct_message":
      return notifications.directMessages(name, count);
    case "friend_request":
      return notifications.friendRequest(name);
    case "friend_accepted":
      return notifications.friendAccepted(name);
    case "friend_online":
      return notifications.friendOnline(name);
    case "room_invite":
      return notifications.roomInvite(name, said);
    case "announcement":
      return notifications.announcement;
  }
}

function placeOf({ kind, actor, room_id, message_id }: Notification): string {
  if (room_id !== null) return message_id === null ? paths.room(room_id) : paths.message(room_id, message_id);
  if (kind === "announcement") return paths.notifications;
  return kind === "friend_request" || actor === null ? paths.people : paths.person(actor.id);
}
