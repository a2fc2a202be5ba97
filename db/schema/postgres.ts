import { sql } from "drizzle-orm";
import { bigint, boolean, index, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";

/**
 * The tables on Postgres. `libsql.ts` has the same ones with the same row shapes; a test and the type check compare
 * them. People and rooms have an `id` (UUIDv7) for the wire and an integer `key` inside. Times are milliseconds.
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
    created_at: integer("created_at").notNull(),
    deleted_at: integer("deleted_at"),
  },
  (table) => [
    uniqueIndex("rooms_id").on(table.id),
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
  },
  (table) => [
    primaryKey({ columns: [table.room_key, table.user_key] }),
    index("members_user_key").on(table.user_key, table.is_active),
    index("members_room_rev").on(table.room_key, table.rev),
  ],
);

/**
 * The timeline. Indexes decide the write rate here: these three and no more (DESIGN, Two dialects).
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
  },
  (table) => [
    uniqueIndex("messages_id").on(table.id),
    uniqueIndex("messages_room_seq").on(table.room_key, table.seq),
    uniqueIndex("messages_client_id").on(table.client_id, table.sender_key),
    index("messages_changed")
      .on(table.room_key, table.changed_rev)
      .where(sql`changed_rev IS NOT NULL`),
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
