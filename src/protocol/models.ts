import { z } from "zod";

// Long because it is a list: of every object on the wire, each of a few lines.

/** RFC 3339 in UTC with milliseconds. */
const time = z.string();
const count = z.number().int().nonnegative();

export const systemRole = z.enum(["admin", "moderator", "user"]);
export type SystemRole = z.infer<typeof systemRole>;

export const roomRole = z.enum(["owner", "admin", "member"]);
export type RoomRole = z.infer<typeof roomRole>;

export const roomType = z.enum(["public", "private", "direct"]);
export type RoomType = z.infer<typeof roomType>;

export const gender = z.enum(["male", "female", "other"]);
export const presenceStatus = z.enum(["online", "away", "busy", "invisible", "offline"]);

export const privacy = z.strictObject({
  read_receipts: z.boolean(),
  last_seen: z.boolean(),
  direct_messages: z.enum(["everyone", "friends"]),
});
export type Privacy = z.infer<typeof privacy>;

/** How a person appears beside what they wrote. */
export const userRef = z.object({
  id: z.string(),
  username: z.string(),
  display_name: z.string(),
  avatar_url: z.string().nullable(),
});
export type UserRef = z.infer<typeof userRef>;

/** How somebody appears to one who looks. `last_seen_at` is when they went, where they may be asked that; nobody has gone who is there. */
export const seen = z.object({ status: presenceStatus, last_seen_at: time.nullable() });
export type Seen = z.infer<typeof seen>;

export const user = userRef.extend(seen.shape);
export type User = z.infer<typeof user>;

export const profile = user.extend({ bio: z.string(), status_text: z.string(), gender: gender.nullable() });
export type Profile = z.infer<typeof profile>;

export const me = profile.extend({
  email: z.string().nullable(),
  email_verified: z.boolean(),
  role: systemRole,
  privacy,
  created_at: time,
  last_login_at: time.nullable(),
});
export type Me = z.infer<typeof me>;

/** What sign-in gives. `refresh_token` is absent where it travels in the cookie alone. */
export const credentials = z.object({ token: z.string(), expires_at: time, refresh_token: z.string().optional() });
export type Credentials = z.infer<typeof credentials>;

/** How somebody is seen: by friends, direct partners, and whoever watches. */
export const presence = seen.extend({ user_id: z.string() });
export type Presence = z.infer<typeof presence>;

export const requestDirection = z.enum(["incoming", "outgoing"]);
export type RequestDirection = z.infer<typeof requestDirection>;

/** `user` is the other one. */
export const friendRequest = z.object({
  id: z.string(),
  user,
  direction: requestDirection,
  message: z.string(),
  created_at: time,
});
export type FriendRequest = z.infer<typeof friendRequest>;

export const session = z.object({
  id: z.string(),
  device_name: z.string(),
  ip: z.string(),
  created_at: time,
  last_used_at: time,
  current: z.boolean(),
});
export type Session = z.infer<typeof session>;

/** `peer` is there in direct rooms: the other one of the two. */
export const room = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  type: roomType,
  is_lobby: z.boolean(),
  avatar_url: z.string().nullable(),
  owner: z.object({ id: z.string(), username: z.string() }).nullable(),
  created_by: z.string().nullable(),
  member_count: count,
  max_members: count.nullable(),
  slow_mode_s: count,
  last_seq: count,
  rev: count,
  created_at: time,
  peer: user.optional(),
});
export type Room = z.infer<typeof room>;

export const systemKind = z.enum([
  "room_created",
  "member_joined",
  "member_left",
  "member_added",
  "member_kicked",
  "member_banned",
  "member_muted",
  "member_unmuted",
  "role_changed",
  "owner_changed",
  "name_changed",
  "description_changed",
  "type_changed",
  "slow_mode_changed",
]);
export type SystemKind = z.infer<typeof systemKind>;

const named = z.object({ id: z.string(), username: z.string(), display_name: z.string() });

/** What a system line tells; the client words it. `value` is the new name, role, … */
export const systemLine = z.object({
  kind: systemKind,
  actor: named,
  target: named.optional(),
  value: z.string().optional(),
});
export type SystemLine = z.infer<typeof systemLine>;

export const messageType = z.enum(["text", "image", "file", "video", "audio", "system"]);
export type MessageType = z.infer<typeof messageType>;

/** How far one's own message has come: the lowest cursor of the others. */
export const messageStatus = z.enum(["sent", "delivered", "read"]);
export type MessageStatus = z.infer<typeof messageStatus>;

/** What a reply shows of the message it answers, as that is now: its beginning, or nothing when it is gone. */
export const quotation = z.object({ id: z.string(), sender: userRef, content: z.string() });
export type Quotation = z.infer<typeof quotation>;

export const message = z.object({
  id: z.string(),
  room_id: z.string(),
  seq: count,
  rev: count,
  sender: userRef,
  content: z.string(),
  type: messageType,
  system: systemLine.optional(),
  reply_to: quotation.nullable(),
  files: z.array(z.unknown()),
  reactions: z.array(z.object({ emoji: z.string(), count, me: z.boolean().optional() })),
  /** Ids of those it names; `all` for everybody in the room. */
  mentions: z.array(z.string()),
  created_at: time,
  is_edited: z.boolean(),
  edited_at: time.nullable(),
  is_deleted: z.boolean(),
  is_recalled: z.boolean(),
  temp_id: z.string().nullable(),
  status: messageStatus.optional(),
});
export type Message = z.infer<typeof message>;

/** A message that is hidden from whoever reads: it keeps its numbers and nothing else. */
export const hiddenMessage = z.object({
  id: z.string(),
  room_id: z.string(),
  seq: count,
  rev: count,
  is_hidden: z.literal(true),
});
export const timelineMessage = z.union([message, hiddenMessage]);
export type TimelineMessage = z.infer<typeof timelineMessage>;

/** For whom a message is deleted. */
export const deletedFor = z.enum(["all", "me"]);
export type DeletedFor = z.infer<typeof deletedFor>;

/** A former wording of a message, shown to those who keep order. */
export const messageVersion = z.object({ content: z.string(), written_at: time, replaced_at: time });
export type MessageVersion = z.infer<typeof messageVersion>;

/** A piece of an excerpt; plain text, whatever it looks like. */
export const highlightPart = z.object({ text: z.string(), is_match: z.boolean() });
export type HighlightPart = z.infer<typeof highlightPart>;

/** A message that was searched for, with an excerpt of its content around the first find. */
export const searchHit = message.extend({ highlight: z.array(highlightPart) });
export type SearchHit = z.infer<typeof searchHit>;

export const member = z.object({
  user_id: z.string(),
  username: z.string(),
  display_name: z.string(),
  avatar_url: z.string().nullable(),
  role: roomRole,
  status: presenceStatus,
  joined_at: time,
  muted_until: time.nullable(),
});
export type Member = z.infer<typeof member>;

export const notifyLevel = z.enum(["all", "mentions", "none"]);
export type NotifyLevel = z.infer<typeof notifyLevel>;

export const cursor = z.object({ user_id: z.string(), read_seq: count, delivered_seq: count });
export type Cursor = z.infer<typeof cursor>;

/** A room as one of its members has it. `cursors` and `cleared_seq` are there in direct rooms. */
export const joinedRoom = room.extend({
  last_message: timelineMessage.nullable(),
  read_seq: count,
  unread_count: count,
  mention_count: count,
  my_role: roomRole,
  notify_level: notifyLevel,
  /** Until when one may not write here. */
  muted_until: time.nullable(),
  /** How many of its messages one has deleted for oneself alone; absent: none. */
  hidden_count: count.optional(),
  cursors: z.array(cursor).optional(),
  /** What came up to here one has emptied the conversation of. */
  cleared_seq: count.optional(),
});
export type JoinedRoom = z.infer<typeof joinedRoom>;

/** A direct room as its two people list it. */
export const conversation = z.object({
  user,
  room_id: z.string(),
  last_message: z.object({ content: z.string(), created_at: time, is_mine: z.boolean() }).nullable(),
  unread_count: count,
});
export type Conversation = z.infer<typeof conversation>;

/** Who has come how far with a message, the earliest first. */
export const receipts = z.object({
  read: z.array(z.object({ user: userRef, read_at: time })),
  delivered: z.array(z.object({ user: userRef, delivered_at: time })),
});
export type Receipts = z.infer<typeof receipts>;

/** A message that somebody has pinned. */
const pinned = { pinned_by: userRef, pinned_at: time };
export const pin = z.union([message.extend(pinned), hiddenMessage.extend(pinned)]);
export type Pin = z.infer<typeof pin>;

export const ban = z.object({
  user: userRef,
  by: userRef,
  reason: z.string(),
  until: time.nullable(),
  created_at: time,
});
export type Ban = z.infer<typeof ban>;

const invite = z.object({
  code: z.string(),
  url: z.string(),
  created_by: z.string().nullable(),
  max_uses: count.nullable(),
  uses: count,
  expires_at: time.nullable(),
});

/** A link into a room. */
export const roomInvite = invite;
export type RoomInvite = z.infer<typeof roomInvite>;

/** A link to an account. */
export const registrationInvite = invite;
export type RegistrationInvite = z.infer<typeof registrationInvite>;

/** What a link leads to, to whoever has it. */
export const invitePreview = z.object({
  room: room.pick({ id: true, name: true, description: true, avatar_url: true, member_count: true }),
  created_by: userRef,
  is_member: z.boolean(),
});
export type InvitePreview = z.infer<typeof invitePreview>;

export const notificationKind = z.enum([
  "mention",
  "reply",
  "reaction",
  "direct_message",
  "friend_request",
  "friend_accepted",
  "friend_online",
  "room_invite",
  "announcement",
]);
export type NotificationKind = z.infer<typeof notificationKind>;

export const notification = z.object({
  id: z.string(),
  kind: notificationKind,
  actor: userRef.nullable(),
  room_id: z.string().nullable(),
  message_id: z.string().nullable(),
  text: z.string(),
  created_at: time,
  read_at: time.nullable(),
});
export type Notification = z.infer<typeof notification>;

export const serverInfo = z.object({
  name: z.string(),
  version: z.string(),
  registration: z.enum(["open", "invite", "closed"]),
  guests: z.boolean(),
  features: z.array(z.string()),
  limits: z.object({
    message_chars: count,
    room_members: count,
    page_size: count,
    messages_per_second: count,
    sockets_per_user: count,
  }),
});
export type ServerInfo = z.infer<typeof serverInfo>;

/** What changed in a room after a `rev`, each thing in its present state. */
export const roomChanges = z.object({
  room_id: z.string(),
  room: room.optional(),
  messages: z.array(timelineMessage),
  members: z.array(member),
  members_removed: z.array(z.string()),
  /** All of them, where one was put up or taken away. */
  pins: z.array(pin).optional(),
  cursors: z.array(cursor),
  rev: count,
  has_more: z.boolean(),
});
export type RoomChanges = z.infer<typeof roomChanges>;
