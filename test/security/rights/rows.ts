import type { CommandName } from "../../../src/protocol/commands.ts";
import { everybody, type Who, type World } from "./world.ts";

/**
 * Who may call what, and what everybody else is told. One row for every route and every command; a new one without a row
 * fails `rights.test.ts`, which names it. To add one, say how it is called and who may:
 *
 *     "POST /rooms/:id/things": row(({ roomId }) => ({ path: `/rooms/${roomId}/things`, body: {} }), runners("ok")),
 *
 * The outcome is given for a public room: `ok` (any 2xx), or status and code. In a private room whoever is not in it gets
 * `ROOM_NOT_FOUND`, or what `outside` says. Several rows of one route are several ways to call it.
 *
 * Long because it is a list: of every route and every command.
 */
export interface Row {
  call: (world: World) => Call | Promise<Call>;
  expected: Record<Who, string>;
  /** What they get in a private room who are not in it (but for guests, who get it from what answers guests). */
  outside: string | null;
  /** What one has done nobody can do again: each has a world of their own. */
  isOnce?: boolean;
}

interface Call {
  path: string;
  body?: unknown;
}

/** Those who are not in a private room: it does not exist for them. */
export const outsiders: readonly Who[] = ["guest", "user", "banned", "ex_member", "moderator", "administrator"];

const signInFirst = "401 UNAUTHENTICATED";
const forbidden = "403 FORBIDDEN";
const noRoom = "404 ROOM_NOT_FOUND";
const noMessage = "404 MESSAGE_NOT_FOUND";

type Expected = Record<Who, string>;

/** Everybody who is signed in, with exceptions. */
function users(outcome: string, but: Partial<Expected> = {}): Expected {
  const all = Object.fromEntries(everybody.map((who) => [who, outcome])) as Expected;
  return { ...all, guest: signInFirst, ...but };
}
/** Guests too. */
const all = (outcome: string, but: Partial<Expected> = {}) => users(outcome, { guest: outcome, ...but });
/** Members alone. */
const members = (outcome: string, but: Partial<Expected> = {}) =>
  users(outcome, {
    user: forbidden,
    ex_member: forbidden,
    moderator: forbidden,
    administrator: forbidden,
    banned: "403 BANNED",
    ...but,
  });
/** Members who are not muted. */
const voices = (outcome: string, but: Partial<Expected> = {}) => members(outcome, { muted: "403 MUTED", ...but });
/** Who runs the room. */
const runners = (outcome: string, but: Partial<Expected> = {}) =>
  users(forbidden, { room_admin: outcome, owner: outcome, moderator: outcome, administrator: outcome, ...but });
const ownerOnly = (outcome: string) => users(forbidden, { owner: outcome });
const administratorOnly = (outcome: string) => users(forbidden, { administrator: outcome });

function row(call: Row["call"], expected: Expected, outside: string | null = noRoom): Row {
  return { call, expected, outside };
}
const once = (found: Row): Row => ({ ...found, isOnce: true });
/** What has nothing to do with rooms. */
const plain = (call: Row["call"], expected: Expected) => row(call, expected, null);

/** What concerns oneself alone, whatever one is, and is tried by somebody who is not needed afterwards. */
export interface OwnRow {
  own: (password: string) => Call & { outcome?: string };
}
/** What asks for no sign-in. */
export interface OpenRow {
  open: Call & { outcome: string };
}

const member = ({ roomId, cast }: World, name: keyof World["cast"]) => `/rooms/${roomId}/members/${cast[name].id}`;
const soon = () => new Date(Date.now() + 60_000).toISOString();

export const routeRows: Record<string, Row | Row[] | OwnRow | OpenRow> = {
  "GET /server": { open: { path: "/server", outcome: "ok" } },
  "POST /auth/register": { open: { path: "/auth/register", body: {}, outcome: "422 VALIDATION_ERROR" } },
  "POST /auth/login": {
    open: {
      path: "/auth/login",
      body: { username: "nobody", password: "wrong password" },
      outcome: "401 INVALID_CREDENTIALS",
    },
  },
  "POST /auth/refresh": { open: { path: "/auth/refresh", outcome: signInFirst } },
  "POST /auth/password/forgot": {
    open: { path: "/auth/password/forgot", body: { email: "nobody@example.org" }, outcome: "ok" },
  },
  "POST /auth/password/reset": {
    open: {
      path: "/auth/password/reset",
      body: { token: "t", password: "correct horse 7" },
      outcome: "422 TOKEN_INVALID",
    },
  },
  "POST /auth/email/verify": {
    open: { path: "/auth/email/verify", body: { token: "t" }, outcome: "422 TOKEN_INVALID" },
  },
  "POST /auth/logout": { own: () => ({ path: "/auth/logout" }) },
  "POST /auth/logout-all": { own: () => ({ path: "/auth/logout-all" }) },
  "GET /auth/sessions": { own: () => ({ path: "/auth/sessions" }) },
  "DELETE /auth/sessions/:id": { own: () => ({ path: "/auth/sessions/x", outcome: "404 SESSION_NOT_FOUND" }) },
  "POST /auth/ws-ticket": { own: () => ({ path: "/auth/ws-ticket" }) },
  "GET /users/me": { own: () => ({ path: "/users/me" }) },
  "PATCH /users/me": { own: () => ({ path: "/users/me", body: { bio: "hello" } }) },
  "PUT /users/me": { own: () => ({ path: "/users/me", body: { bio: "hello" } }) },
  "PUT /users/me/status": { own: () => ({ path: "/users/me/status", body: { status: "busy" } }) },
  "DELETE /users/me": { own: (password) => ({ path: "/users/me", body: { password } }) },
  "PUT /users/me/password": {
    own: (password) => ({ path: "/users/me/password", body: { old_password: password, new_password: `${password}!` } }),
  },
  "POST /users/me/email": {
    own: (password) => ({ path: "/users/me/email", body: { email: "me@example.org", password } }),
  },
  "GET /users/search": { own: () => ({ path: "/users/search?q=target" }) },
  "GET /friends": { own: () => ({ path: "/friends" }) },
  "GET /friends/requests": { own: () => ({ path: "/friends/requests" }) },
  "GET /blocks": { own: () => ({ path: "/blocks" }) },
  "GET /notifications": { own: () => ({ path: "/notifications" }) },
  "POST /notifications/read": { own: () => ({ path: "/notifications/read", body: { all: true } }) },
  "GET /messages/search": { own: () => ({ path: "/messages/search?q=hello" }) },
  "GET /direct-messages/conversations": { own: () => ({ path: "/direct-messages/conversations" }) },

  "GET /users/:id": plain(({ cast }) => ({ path: `/users/${cast.target.id}` }), users("ok")),
  "GET /users/online": row(({ roomId }) => ({ path: `/users/online?room_id=${roomId}` }), users("ok")),
  "POST /friends/requests": plain(
    ({ cast }) => ({ path: "/friends/requests", body: { user_id: cast.target.id } }),
    users("ok", { blocked: "403 BLOCKED", blocker: "403 BLOCKED" }),
  ),
  "POST /friends/requests/:id/accept": plain(
    () => ({ path: "/friends/requests/018f0000-0000-7000-8000-000000000000/accept" }),
    users("404 FRIEND_REQUEST_NOT_FOUND"),
  ),
  "POST /friends/requests/:id/reject": plain(
    () => ({ path: "/friends/requests/018f0000-0000-7000-8000-000000000000/reject" }),
    users("404 FRIEND_REQUEST_NOT_FOUND"),
  ),
  "DELETE /friends/requests/:id": plain(
    () => ({ path: "/friends/requests/018f0000-0000-7000-8000-000000000000" }),
    users("404 FRIEND_REQUEST_NOT_FOUND"),
  ),
  "DELETE /friends/:user_id": plain(
    ({ cast }) => ({ path: `/friends/${cast.friend.id}` }),
    users("404 USER_NOT_FOUND"),
  ),
  "PUT /blocks/:user_id": plain(({ cast }) => ({ path: `/blocks/${cast.friend.id}` }), users("ok")),
  "DELETE /blocks/:user_id": plain(({ cast }) => ({ path: `/blocks/${cast.friend.id}` }), users("ok")),
  "GET /direct-messages/:user_id": plain(({ cast }) => ({ path: `/direct-messages/${cast.target.id}` }), users("ok")),
  "POST /direct-messages/:user_id": plain(
    ({ cast }) => ({ path: `/direct-messages/${cast.target.id}`, body: { content: "psst" } }),
    users("ok", { blocked: "403 BLOCKED", blocker: "403 BLOCKED" }),
  ),
  "DELETE /direct-messages/:user_id": plain(
    ({ cast }) => ({ path: `/direct-messages/${cast.target.id}` }),
    users("ok"),
  ),

  "POST /rooms": plain(() => ({ path: "/rooms", body: { name: "new", type: "private" } }), users("ok")),
  "GET /rooms": [
    plain(() => ({ path: "/rooms?type=public" }), all("ok")),
    plain(() => ({ path: "/rooms?type=joined" }), users("ok")),
  ],
  "GET /rooms/:id": row(({ roomId }) => ({ path: `/rooms/${roomId}` }), all("ok")),
  "PATCH /rooms/:id": [
    row(({ roomId }) => ({ path: `/rooms/${roomId}`, body: { name: "renamed" } }), runners("ok")),
    row(({ roomId }) => ({ path: `/rooms/${roomId}`, body: { slow_mode_s: 5 } }), runners("ok")),
  ],
  "PUT /rooms/:id": row(({ roomId }) => ({ path: `/rooms/${roomId}`, body: { description: "new" } }), runners("ok")),
  "DELETE /rooms/:id": once(
    row(({ roomId }) => ({ path: `/rooms/${roomId}` }), runners("ok", { room_admin: forbidden })),
  ),
  "POST /rooms/:id/join": row(
    ({ roomId }) => ({ path: `/rooms/${roomId}/join` }),
    users("ok", { banned: "403 BANNED" }),
  ),
  "POST /rooms/:id/leave": row(
    ({ roomId }) => ({ path: `/rooms/${roomId}/leave` }),
    members("ok", { owner: "409 OWNER_MUST_TRANSFER", banned: forbidden }),
  ),
  "GET /rooms/:id/members": row(({ roomId }) => ({ path: `/rooms/${roomId}/members` }), all("ok")),
  "POST /rooms/:id/members": row(
    ({ roomId, cast }) => ({ path: `/rooms/${roomId}/members`, body: { user_ids: [cast.friend.id] } }),
    runners("ok"),
  ),
  "PATCH /rooms/:id/members/:user_id": [
    row((w) => ({ path: member(w, "target"), body: { role: "admin" } }), ownerOnly("ok")),
    row((w) => ({ path: member(w, "target"), body: { muted_until: soon() } }), runners("ok")),
    row(
      (w) => ({ path: member(w, "room_admin"), body: { muted_until: soon() } }),
      runners("ok", { room_admin: forbidden }),
    ),
    row((w) => ({ path: member(w, "owner"), body: { muted_until: soon() } }), users(forbidden)),
  ],
  "PUT /rooms/:id/members/:user_id": row(
    (w) => ({ path: member(w, "target"), body: { muted_until: soon() } }),
    runners("ok"),
  ),
  "DELETE /rooms/:id/members/:user_id": [
    once(row((w) => ({ path: member(w, "target") }), runners("ok"))),
    once(row((w) => ({ path: member(w, "room_admin") }), runners("ok", { room_admin: forbidden }))),
    row((w) => ({ path: member(w, "owner") }), users(forbidden)),
  ],
  "PUT /rooms/:id/notifications": row(
    ({ roomId }) => ({ path: `/rooms/${roomId}/notifications`, body: { level: "none" } }),
    members("ok"),
  ),
  "POST /rooms/:id/transfer": row(
    ({ roomId, cast }) => ({ path: `/rooms/${roomId}/transfer`, body: { user_id: cast.target.id } }),
    ownerOnly("ok"),
  ),
  "GET /rooms/:id/bans": row(({ roomId }) => ({ path: `/rooms/${roomId}/bans` }), runners("ok")),
  "PUT /rooms/:id/bans/:user_id": [
    row(({ roomId, cast }) => ({ path: `/rooms/${roomId}/bans/${cast.target.id}`, body: {} }), runners("ok")),
    row(({ roomId, cast }) => ({ path: `/rooms/${roomId}/bans/${cast.friend.id}`, body: {} }), runners("ok")),
    row(({ roomId, cast }) => ({ path: `/rooms/${roomId}/bans/${cast.owner.id}`, body: {} }), users(forbidden)),
  ],
  "DELETE /rooms/:id/bans/:user_id": once(
    row(({ roomId, cast }) => ({ path: `/rooms/${roomId}/bans/${cast.other.id}` }), runners("ok")),
  ),
  "POST /rooms/:id/invites": row(({ roomId }) => ({ path: `/rooms/${roomId}/invites`, body: {} }), runners("ok")),
  "GET /rooms/:id/invites": row(({ roomId }) => ({ path: `/rooms/${roomId}/invites` }), runners("ok")),
  "DELETE /rooms/:id/invites/:code": once(
    row(({ roomId, code }) => ({ path: `/rooms/${roomId}/invites/${code}` }), runners("ok")),
  ),
  // A link opens private rooms too: that is what it is for.
  "GET /invites/:code": plain(({ code }) => ({ path: `/invites/${code}` }), users("ok")),
  "POST /invites/:code/accept": plain(
    ({ code }) => ({ path: `/invites/${code}/accept` }),
    users("ok", { banned: "403 BANNED" }),
  ),

  "GET /rooms/:id/messages": row(({ roomId }) => ({ path: `/rooms/${roomId}/messages` }), all("ok")),
  "POST /rooms/:id/messages": row(
    ({ roomId }) => ({ path: `/rooms/${roomId}/messages`, body: { content: "hello" } }),
    voices("ok"),
  ),
  "POST /rooms/:id/messages/read": row(
    ({ roomId, messageId }) => ({
      path: `/rooms/${roomId}/messages/read`,
      body: { last_read_message_id: messageId },
    }),
    members("ok"),
  ),
  "GET /rooms/:id/messages/search": row(({ roomId }) => ({ path: `/rooms/${roomId}/messages/search?q=by` }), all("ok")),
  "GET /rooms/:id/changes": row(({ roomId }) => ({ path: `/rooms/${roomId}/changes?since_rev=0` }), all("ok")),
  "GET /rooms/:id/pins": row(({ roomId }) => ({ path: `/rooms/${roomId}/pins` }), all("ok")),
  "PUT /rooms/:id/pins/:message_id": row(
    ({ roomId, messageId }) => ({ path: `/rooms/${roomId}/pins/${messageId}` }),
    runners("ok"),
  ),
  "DELETE /rooms/:id/pins/:message_id": row(
    ({ roomId, pinnedId }) => ({ path: `/rooms/${roomId}/pins/${pinnedId}` }),
    runners("ok"),
  ),
  "GET /messages/:id/receipts": row(
    ({ messageId }) => ({ path: `/messages/${messageId}/receipts` }),
    members("ok", { blocker: noMessage }),
    noMessage,
  ),
  "GET /messages/:id/reactions": row(
    ({ messageId }) => ({ path: `/messages/${messageId}/reactions` }),
    all("ok", { blocker: noMessage }),
    noMessage,
  ),
  "PUT /messages/:id/reactions/:emoji": row(
    ({ messageId }) => ({ path: `/messages/${messageId}/reactions/${encodeURIComponent("👍")}` }),
    voices("ok", { blocker: noMessage }),
    noMessage,
  ),
  "DELETE /messages/:id/reactions/:emoji": row(
    ({ messageId }) => ({ path: `/messages/${messageId}/reactions/${encodeURIComponent("👍")}` }),
    voices("ok", { blocker: noMessage }),
    noMessage,
  ),

  "PATCH /messages/:id": [
    row((w) => ({ path: `/messages/${w.ownId(w.actor)}`, body: { content: "anew" } }), voices("ok"), noMessage),
    row(
      ({ messageId }) => ({ path: `/messages/${messageId}`, body: { content: "anew" } }),
      users(forbidden, { blocker: noMessage }),
      noMessage,
    ),
  ],
  "PUT /messages/:id": row(
    (w) => ({ path: `/messages/${w.ownId(w.actor)}`, body: { content: "anew" } }),
    voices("ok"),
    noMessage,
  ),
  "DELETE /messages/:id": [
    row(
      (w) => ({ path: `/messages/${w.ownId(w.actor)}` }),
      members("ok", { moderator: "ok", administrator: "ok" }),
      noMessage,
    ),
    once(
      row(({ messageId }) => ({ path: `/messages/${messageId}` }), runners("ok", { banned: "403 BANNED" }), noMessage),
    ),
    row(({ messageId }) => ({ path: `/messages/${messageId}?for=me` }), members("ok", { blocker: "ok" }), noMessage),
  ],
  "PUT /messages/:id/recall": row((w) => ({ path: `/messages/${w.ownId(w.actor)}/recall` }), voices("ok"), noMessage),
  "GET /messages/:id/versions": row(
    ({ messageId }) => ({ path: `/messages/${messageId}/versions` }),
    runners("ok", { blocker: noMessage }),
    noMessage,
  ),

  "POST /admin/invites": plain(() => ({ path: "/admin/invites", body: {} }), administratorOnly("ok")),
  "GET /admin/invites": plain(() => ({ path: "/admin/invites" }), administratorOnly("ok")),
  "DELETE /admin/invites/:code": plain(
    () => ({ path: "/admin/invites/nothing" }),
    administratorOnly("404 INVITE_NOT_FOUND"),
  ),
};

/** A frame: its payload, and who gets which code for it (`ok`: none). */
export interface CommandRow {
  payload: (world: World) => Record<string, unknown>;
  expected: Record<Who, string>;
  outside: string | null;
}

/** `403 MUTED` is `MUTED` on a socket. */
function asCodes(expected: Expected): Expected {
  return Object.fromEntries(
    Object.entries(expected).map(([who, outcome]) => [who, outcome.split(" ").at(-1)]),
  ) as Expected;
}

const command = (
  payload: CommandRow["payload"],
  expected: Expected,
  outside: string | null = "ROOM_NOT_FOUND",
): CommandRow => ({ payload, expected: asCodes(expected), outside });

/** As {@link routeRows}, of every frame that a client may send. */
export const commandRows: Record<CommandName, CommandRow | CommandRow[]> = {
  join_room: command(({ roomId }) => ({ room_id: roomId }), all("ok", { banned: "BANNED" })),
  leave_room: command(
    ({ roomId }) => ({ room_id: roomId }),
    members("ok", { guest: "ok", owner: "OWNER_MUST_TRANSFER", banned: forbidden }),
  ),
  authenticate: command(
    ({ cast, actor }) => ({ token: actor === "guest" ? cast.user.token : cast[actor].token }),
    users("ok"),
    null,
  ),
  send_message: command(({ roomId }) => ({ room_id: roomId, content: "hello", temp_id: unique() }), voices("ok")),
  send_direct_message: command(
    ({ cast }) => ({ receiver_id: cast.target.id, content: "psst", temp_id: unique() }),
    users("ok", { blocked: "BLOCKED", blocker: "BLOCKED" }),
    null,
  ),
  edit_message: command((w) => ({ message_id: w.ownId(w.actor), content: "anew" }), voices("ok"), "MESSAGE_NOT_FOUND"),
  delete_message: command(
    (w) => ({ message_id: w.ownId(w.actor) }),
    members("ok", { moderator: "ok", administrator: "ok" }),
    "MESSAGE_NOT_FOUND",
  ),
  recall_message: command((w) => ({ message_id: w.ownId(w.actor) }), voices("ok"), "MESSAGE_NOT_FOUND"),
  mark_read: command(({ roomId, messageId }) => ({ room_id: roomId, message_id: messageId }), members("ok")),
  mark_delivered: command(({ roomId, messageId }) => ({ room_id: roomId, message_id: messageId }), members("ok")),
  typing: command(({ roomId }) => ({ room_id: roomId, is_typing: true }), voices("ok")),
  set_status: command(() => ({ status: "online" }), users("ok"), null),
  watch_presence: command(({ cast }) => ({ user_ids: [cast.target.id] }), users("ok"), null),
  add_reaction: command(
    ({ messageId }) => ({ message_id: messageId, emoji: "👍" }),
    voices("ok", { blocker: noMessage }),
    "MESSAGE_NOT_FOUND",
  ),
  remove_reaction: command(
    ({ messageId }) => ({ message_id: messageId, emoji: "👍" }),
    voices("ok", { blocker: noMessage }),
    "MESSAGE_NOT_FOUND",
  ),
  sync: command(({ roomId }) => ({ epoch: "another", rooms: [{ room_id: roomId, rev: 0 }] }), all("ok"), null),
  ping: command(() => ({}), all("ok"), null),
};

let sent = 0;
function unique(): string {
  return `rights-${++sent}`;
}
