import { sql } from "drizzle-orm";
import { bigint, boolean, index, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";

/**
 * The tables on Postgres. `libsql.ts` has the same ones with the same row shapes; a test and the type check compare
 * them. People and rooms have an `id` (UUIDv7) for the wire and an integer `key` inside. Times are milliseconds.
 *
 * Long because it is a list: of every table, with what its columns mean.
 */

const integer = (name: string) => bigint(name, { mode: "number" });
const key = () => integer("key").primaryKey().generatedByDefaultAsIdentity();
const flag = (name: string) => boolean(name);

/** What belongs to the installation itself: `epoch`, secrets made at first start, settings changed at run time. */
export const settings = pgTable("settings", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

export const users = pgTable(
  "users",
  {
    key: key(),
    id: text("id").notNull(),
    username: text("username").notNull(),
    /** Lower case: sign-in and prefix search. */
    username_lower: text("username_lower").notNull(),
    /** Look-alike letters folded into one: uniqueness. */
    username_skeleton: text("username_skeleton").notNull(),
    display_name: text("display_name").notNull(),
    display_name_lower: text("display_name_lower").notNull(),
    /** Lower case. */
    email: text("email"),
    email_verified: flag("email_verified").notNull(),
    password_hash: text("password_hash").notNull(),
    role: text("role", { enum: ["admin", "moderator", "user"] }).notNull(),
    avatar_url: text("avatar_url"),
    bio: text("bio").notNull(),
    status_text: text("status_text").notNull(),
    gender: text("gender", { enum: ["male", "female", "other"] }),
    /** JSON of the protocol's `privacy`. */
    privacy: text("privacy").notNull(),
    /** Where the lobby stood when the account was made: unread is counted from there. */
    lobby_from_seq: integer("lobby_from_seq").notNull(),
    disabled_at: integer("disabled_at"),
    deleted_at: integer("deleted_at"),
    created_at: integer("created_at").notNull(),
    last_login_at: integer("last_login_at"),
    /** What the person wants to be seen as while they are connected. */
    chosen_status: text("chosen_status", { enum: ["online", "away", "busy", "invisible"] })
      .notNull()
      .default("online"),
    /** When their last device went; absent while nobody has seen them leave. */
    last_seen_at: integer("last_seen_at"),
  },
  (table) => [
    uniqueIndex("users_id").on(table.id),
    uniqueIndex("users_username_skeleton").on(table.username_skeleton),
    index("users_username_lower").on(table.username_lower),
    index("users_display_name_lower").on(table.display_name_lower),
    uniqueIndex("users_email").on(table.email),
  ],
);

export const sessions = pgTable(
  "sessions",
  {
    id: text("id").primaryKey(),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    device_name: text("device_name").notNull(),
    ip: text("ip").notNull(),
    /** How often the refresh token was rotated; the token itself is derived from it and never stored. */
    generation: integer("generation").notNull(),
    rotated_at: integer("rotated_at").notNull(),
    created_at: integer("created_at").notNull(),
    last_used_at: integer("last_used_at").notNull(),
    expires_at: integer("expires_at").notNull(),
  },
  (table) => [index("sessions_user_key").on(table.user_key), index("sessions_expires_at").on(table.expires_at)],
);

/** Mailed links, socket tickets and the set-up link: used once, kept as a hash. */
export const one_time_tokens = pgTable(
  "one_time_tokens",
  {
    hash: text("hash").primaryKey(),
    kind: text("kind", { enum: ["reset_password", "verify_email", "ws_ticket", "setup"] }).notNull(),
    user_key: integer("user_key").references(() => users.key),
    session_id: text("session_id"),
    email: text("email"),
    expires_at: integer("expires_at").notNull(),
  },
  (table) => [
    index("one_time_tokens_expires_at").on(table.expires_at),
    index("one_time_tokens_user_key").on(table.user_key),
  ],
);

/** Invitations to register. */
export const registration_invites = pgTable("registration_invites", {
  code: text("code").primaryKey(),
  created_by_key: integer("created_by_key").references(() => users.key),
  max_uses: integer("max_uses"),
  uses: integer("uses").notNull(),
  expires_at: integer("expires_at"),
  created_at: integer("created_at").notNull(),
});

/** Sessions and people cut off, in order: a running server reads what another process (the CLI, a node) wrote. */
export const revocations = pgTable(
  "revocations",
  {
    key: key(),
    user_id: text("user_id").notNull(),
    /** Absent: all sessions of the person. */
    session_id: text("session_id"),
    created_at: integer("created_at").notNull(),
  },
  (table) => [index("revocations_created_at").on(table.created_at)],
);

export const rooms = pgTable(
  "rooms",
  {
    key: key(),
    id: text("id").notNull(),
    type: text("type", { enum: ["public", "private", "direct"] }).notNull(),
    is_lobby: flag("is_lobby").notNull(),
    name: text("name").notNull(),
    name_lower: text("name_lower").notNull(),
    description: text("description").notNull(),
    avatar_url: text("avatar_url"),
    owner_key: integer("owner_key").references(() => users.key),
    created_by_key: integer("created_by_key").references(() => users.key),
    max_members: integer("max_members"),
    slow_mode_s: integer("slow_mode_s").notNull(),
    /** People in it; 0 in the lobby, whose members are all accounts. */
    member_count: integer("member_count").notNull(),
    /** Number of the last message: gapless, the order of messages. */
    last_seq: integer("last_seq").notNull(),
    /** Number of the last durable change of any kind. */
    rev: integer("rev").notNull(),
    /** `rev` of the last change of the settings. */
    settings_rev: integer("settings_rev").notNull(),
    /** `rev` of the last change of the pins. */
    pins_rev: integer("pins_rev").notNull().default(0),
    /** Of a direct room: the two people's keys, `lower:higher`, so that two of them have one room. */
    direct_pair: text("direct_pair"),
    created_at: integer("created_at").notNull(),
    deleted_at: integer("deleted_at"),
  },
  (table) => [
    uniqueIndex("rooms_id").on(table.id),
    uniqueIndex("rooms_direct_pair").on(table.direct_pair),
    index("rooms_type_name").on(table.type, table.name_lower),
    index("rooms_deleted_at")
      .on(table.deleted_at)
      .where(sql`deleted_at IS NOT NULL`),
  ],
);

/** Who is in which room, and how far they have read. Who left stays with `is_active` false, so that others can learn it. */
export const members = pgTable(
  "members",
  {
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    role: text("role", { enum: ["owner", "admin", "member"] }).notNull(),
    is_active: flag("is_active").notNull(),
    read_seq: integer("read_seq").notNull(),
    delivered_seq: integer("delivered_seq").notNull(),
    muted_until: integer("muted_until"),
    /** The room's `rev` when this membership last changed. */
    rev: integer("rev").notNull(),
    joined_at: integer("joined_at").notNull(),
    notify_level: text("notify_level", { enum: ["all", "mentions", "none"] })
      .notNull()
      .default("all"),
    /** A direct room that the person has emptied for themselves shows nothing up to here. */
    cleared_seq: integer("cleared_seq").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.room_key, table.user_key] }),
    index("members_user_key").on(table.user_key, table.is_active),
    index("members_room_rev").on(table.room_key, table.rev),
    index("members_cleared")
      .on(table.user_key)
      .where(sql`cleared_seq > 0`),
    index("members_muted")
      .on(table.room_key)
      .where(sql`muted_until IS NOT NULL`),
  ],
);

/**
 * The timeline. Indexes decide the write rate here: these three and no more (DESIGN, Two dialects), beside partial ones for the few rows that were changed or name somebody.
 * No foreign keys: on Postgres they cost 40 % of the append rate, and the lane writes only what policy has looked up.
 */
export const messages = pgTable(
  "messages",
  {
    key: key(),
    id: text("id").notNull(),
    room_key: integer("room_key").notNull(),
    seq: integer("seq").notNull(),
    sender_key: integer("sender_key").notNull(),
    /** The client's `temp_id`; absent on system lines and sends without one. */
    client_id: text("client_id"),
    /** 53 bits of a hash of the body as first sent, to tell a retry from a conflict. */
    body_hash: integer("body_hash"),
    type: text("type", { enum: ["text", "image", "file", "video", "audio", "system"] }).notNull(),
    content: text("content").notNull(),
    /** JSON of the protocol's `systemLine` with ids only. */
    system: text("system"),
    reply_to_id: text("reply_to_id"),
    created_at: integer("created_at").notNull(),
    /** The room's `rev` it was sent with: rises with `seq`. */
    sent_rev: integer("sent_rev").notNull(),
    /** The room's `rev` when it was last changed; absent until then. */
    changed_rev: integer("changed_rev"),
    edited_at: integer("edited_at"),
    deleted_at: integer("deleted_at"),
    recalled_at: integer("recalled_at"),
    /** JSON array of the ids of those it names; `"all"` for everybody. Absent when it names nobody. */
    mentions: text("mentions"),
    /** JSON array of `[emoji, count]` in the order in which they first came. Absent when there are none. */
    reactions: text("reactions"),
  },
  (table) => [
    uniqueIndex("messages_id").on(table.id),
    uniqueIndex("messages_room_seq").on(table.room_key, table.seq),
    uniqueIndex("messages_client_id").on(table.client_id, table.sender_key),
    index("messages_changed")
      .on(table.room_key, table.changed_rev)
      .where(sql`changed_rev IS NOT NULL`),
    index("messages_mentions")
      .on(table.room_key, table.seq)
      .where(sql`mentions IS NOT NULL`),
  ],
);

/**
 * How far the search index has come, in one row: every message up to `indexed_key` is in `message_search`. That one is
 * no table of Drizzle's: on libSQL it is FTS5's, on Postgres a `tsvector` behind GIN (the migration `search` makes it).
 */
export const search_progress = pgTable("search_progress", {
  key: key(),
  indexed_key: integer("indexed_key").notNull(),
});

/** Messages that were changed or deleted after they were sent, and that the search index has yet to look at again. */
export const search_changes = pgTable("search_changes", {
  key: key(),
  message_key: integer("message_key").notNull(),
});

/** Friends: two rows each, one either way. */
export const friendships = pgTable(
  "friendships",
  {
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    friend_key: integer("friend_key")
      .notNull()
      .references(() => users.key),
    created_at: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.user_key, table.friend_key] })],
);

/** Requests that wait for an answer; what is answered is gone. */
export const friend_requests = pgTable(
  "friend_requests",
  {
    id: text("id").primaryKey(),
    from_key: integer("from_key")
      .notNull()
      .references(() => users.key),
    to_key: integer("to_key")
      .notNull()
      .references(() => users.key),
    message: text("message").notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    uniqueIndex("friend_requests_pair").on(table.from_key, table.to_key),
    index("friend_requests_to_key").on(table.to_key),
  ],
);

/** `user_key` wants to see nothing of `blocked_key`. */
export const blocks = pgTable(
  "blocks",
  {
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    blocked_key: integer("blocked_key")
      .notNull()
      .references(() => users.key),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.user_key, table.blocked_key] }),
    index("blocks_blocked_key").on(table.blocked_key),
  ],
);

/** Who reacted to a message with what; the counts stand on the message. */
export const reactions = pgTable(
  "reactions",
  {
    message_key: integer("message_key")
      .notNull()
      .references(() => messages.key, { onDelete: "cascade" }),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    emoji: text("emoji").notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.message_key, table.user_key, table.emoji] })],
);

/** What a message said before it was edited. */
export const message_versions = pgTable(
  "message_versions",
  {
    key: key(),
    message_key: integer("message_key")
      .notNull()
      .references(() => messages.key, { onDelete: "cascade" }),
    content: text("content").notNull(),
    /** When this wording was replaced. */
    replaced_at: integer("replaced_at").notNull(),
  },
  (table) => [index("message_versions_message_key").on(table.message_key)],
);

/** Messages that somebody has deleted for themselves alone. */
export const hidden_messages = pgTable(
  "hidden_messages",
  {
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key, { onDelete: "cascade" }),
    seq: integer("seq").notNull(),
    message_key: integer("message_key").notNull(),
    /** The room's `rev` when it was hidden: other devices of the person learn it by `sync`. */
    rev: integer("rev").notNull(),
  },
  (table) => [primaryKey({ columns: [table.user_key, table.room_key, table.seq] })],
);

export const pins = pgTable(
  "pins",
  {
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key, { onDelete: "cascade" }),
    message_key: integer("message_key")
      .notNull()
      .references(() => messages.key, { onDelete: "cascade" }),
    pinned_by_key: integer("pinned_by_key")
      .notNull()
      .references(() => users.key),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.room_key, table.message_key] }),
    index("pins_message_key").on(table.message_key),
  ],
);

/** Who may not come (back) into a room. */
export const bans = pgTable(
  "bans",
  {
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key, { onDelete: "cascade" }),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    by_key: integer("by_key")
      .notNull()
      .references(() => users.key),
    reason: text("reason").notNull(),
    /** Absent: for good. */
    until: integer("until"),
    created_at: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.room_key, table.user_key] })],
);

/** Whose messages are still being deleted after a ban: those up to `upto_seq`, from there downwards. */
export const message_purges = pgTable(
  "message_purges",
  {
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key, { onDelete: "cascade" }),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    upto_seq: integer("upto_seq").notNull(),
  },
  (table) => [primaryKey({ columns: [table.room_key, table.user_key] })],
);

/** Links that let people into a room. */
export const room_invites = pgTable(
  "room_invites",
  {
    code: text("code").primaryKey(),
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key, { onDelete: "cascade" }),
    created_by_key: integer("created_by_key")
      .notNull()
      .references(() => users.key),
    max_uses: integer("max_uses"),
    uses: integer("uses").notNull(),
    expires_at: integer("expires_at"),
    created_at: integer("created_at").notNull(),
  },
  (table) => [index("room_invites_room_key").on(table.room_key)],
);

/** When somebody's cursor came to where it was, for "read at" and "delivered at". */
export const cursor_moves = pgTable(
  "cursor_moves",
  {
    room_key: integer("room_key")
      .notNull()
      .references(() => rooms.key, { onDelete: "cascade" }),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    kind: text("kind", { enum: ["read", "delivered"] }).notNull(),
    seq: integer("seq").notNull(),
    at: integer("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.room_key, table.user_key, table.kind, table.seq] })],
);

export const notifications = pgTable(
  "notifications",
  {
    key: key(),
    id: text("id").notNull(),
    user_key: integer("user_key")
      .notNull()
      .references(() => users.key),
    kind: text("kind", {
      enum: [
        "mention",
        "reply",
        "reaction",
        "direct_message",
        "friend_request",
        "friend_accepted",
        "room_invite",
        "announcement",
      ],
    }).notNull(),
    actor_key: integer("actor_key").references(() => users.key),
    room_key: integer("room_key").references(() => rooms.key, { onDelete: "cascade" }),
    message_id: text("message_id"),
    /** The message's place, so that reading its room reads the notification. */
    seq: integer("seq"),
    /** What it is about where no message says it: the line of a request, a room's name. */
    text: text("text").notNull(),
    /** What it tells of, so that telling it twice changes nothing. */
    source: text("source").notNull(),
    created_at: integer("created_at").notNull(),
    read_at: integer("read_at"),
  },
  (table) => [
    uniqueIndex("notifications_id").on(table.id),
    uniqueIndex("notifications_source").on(table.user_key, table.source),
    index("notifications_message_id").on(table.message_id),
    index("notifications_user").on(table.user_key, table.key),
    index("notifications_room").on(table.room_key),
    index("notifications_unread")
      .on(table.user_key, table.room_key)
      .where(sql`read_at IS NULL`),
  ],
);

/** How far notifications have come, in one row: of every message up to `noted_key` those it concerns were told. */
export const notification_progress = pgTable("notification_progress", {
  key: key(),
  noted_key: integer("noted_key").notNull(),
});
