import type { z } from "zod";
import type * as models from "../protocol/models.ts";
import type * as requests from "../protocol/requests.ts";
import { ApiError } from "./errors.ts";
import { bansHttp, invitesHttp } from "./http-moderation.ts";
import { endsSession, type Session } from "./session.ts";
import type { Answer, Request, Transport } from "./transport.ts";

type Body<S extends z.ZodType> = z.input<S>;
type Query<S extends z.ZodType> = Partial<z.output<S>>;
export type SearchQuery = Query<typeof requests.searchMessagesQuery> & { q: string };

export interface PageMeta {
  page: number;
  per_page: number;
  total: number;
  has_more: boolean;
}
export interface TimelineMeta {
  has_more: boolean;
  oldest_id: string | null;
  newest_id: string | null;
}
export type Page<T> = Answer<T[], PageMeta>;
export type SignedIn = models.Credentials & { user: models.Me };
/** Who came in, and the ids of those who cannot be added. */
export type Added = { room_id: string; added: models.Member[]; skipped: string[] };
export type Membership = { room_id: string; joined_at: string; role: models.RoomRole };

/** One's reaction as it is now, and how many people have the same. */
export type Reacted = { message_id: string; emoji: string; count: number; me: boolean };

export type Http = ReturnType<typeof createHttp>;

/**
 * The HTTP API, grouped by resource; every method throws `ApiError` or `ConnectionError`.
 * Signing in keeps the tokens; an access token that has expired is renewed once and the request sent again.
 */
export function createHttp(transport: Transport, session: Session) {
  async function authorized<Data, Meta = unknown>(request: Request): Promise<Answer<Data, Meta>> {
    const used = session.accessToken;
    if (used === null) return transport<Data, Meta>(request);
    try {
      return await transport<Data, Meta>(withToken(request, used));
    } catch (error) {
      if (!(error instanceof ApiError) || !error.is("TOKEN_EXPIRED", "UNAUTHENTICATED")) throw error;
      // Somebody else may have renewed it meanwhile.
      const renewed = session.accessToken === used ? await session.refresh() : session.accessToken;
      return transport<Data, Meta>(renewed === null ? request : withToken(request, renewed));
    }
  }
  const data = async <Data>(request: Request): Promise<Data> => (await authorized<Data>(request)).data;
  const nothing = async (request: Request): Promise<void> => void (await authorized(request));

  async function signIn(path: string, body: unknown): Promise<SignedIn> {
    const signedIn = (await transport<SignedIn>({ method: "POST", path, body, headers: session.cookieHeaders })).data;
    const { user: _, ...credentials } = signedIn;
    await session.begin(credentials);
    return signedIn;
  }

  async function signOut(path: string): Promise<void> {
    await authorized({ method: "POST", path, headers: session.cookieHeaders }).catch((error: unknown) => {
      if (!endsSession(error)) throw error; // already signed out is as good
    });
    await session.end();
  }

  return {
    auth: {
      register: (body: Body<typeof requests.register>) => signIn("/auth/register", body),
      login: (body: Body<typeof requests.login>) => signIn("/auth/login", body),
      logout: () => signOut("/auth/logout"),
      logoutAll: () => signOut("/auth/logout-all"),
      refresh: () => session.refresh(),
      sessions: () => data<models.Session[]>({ method: "GET", path: "/auth/sessions" }),
      endSession: (id: string) => nothing({ method: "DELETE", path: `/auth/sessions/${encodeURIComponent(id)}` }),
      forgotPassword: (body: Body<typeof requests.forgotPassword>) =>
        nothing({ method: "POST", path: "/auth/password/forgot", body }),
      resetPassword: (body: Body<typeof requests.resetPassword>) =>
        nothing({ method: "POST", path: "/auth/password/reset", body }),
      verifyEmail: (body: Body<typeof requests.verifyEmail>) =>
        nothing({ method: "POST", path: "/auth/email/verify", body }),
      wsTicket: () => data<{ ticket: string }>({ method: "POST", path: "/auth/ws-ticket" }),
    },
    users: {
      me: () => data<models.Me>({ method: "GET", path: "/users/me" }),
      update: (body: Body<typeof requests.updateMe>) => data<models.Me>({ method: "PATCH", path: "/users/me", body }),
      changePassword: (body: Body<typeof requests.changePassword>) =>
        nothing({ method: "PUT", path: "/users/me/password", body }),
      changeEmail: (body: Body<typeof requests.changeEmail>) =>
        nothing({ method: "POST", path: "/users/me/email", body }),
      deleteMe: async (body: Body<typeof requests.deleteMe>) => {
        await nothing({ method: "DELETE", path: "/users/me", body });
        await session.end();
      },
      get: (id: string) => data<models.Profile>({ method: "GET", path: `/users/${encodeURIComponent(id)}` }),
      setStatus: (body: Body<typeof requests.setStatus>) =>
        data<models.Me>({ method: "PUT", path: "/users/me/status", body }),
      /** Those who are there, in all or in a room. */
      online: (query: Query<typeof requests.onlineQuery> = {}) =>
        authorized<models.User[], PageMeta>({ method: "GET", path: "/users/online", query }),
      search: (query: Query<typeof requests.searchUsersQuery> & { q: string }) =>
        authorized<models.User[], PageMeta>({ method: "GET", path: "/users/search", query }),
    },
    friends: {
      list: (query: Query<typeof requests.pageQuery> = {}) =>
        authorized<models.User[], PageMeta>({ method: "GET", path: "/friends", query }),
      remove: (userId: string) => nothing({ method: "DELETE", path: `/friends/${encodeURIComponent(userId)}` }),
      requests: (query: Query<typeof requests.listFriendRequestsQuery> = {}) =>
        authorized<models.FriendRequest[], PageMeta>({ method: "GET", path: "/friends/requests", query }),
      /** `is_accepted`: the other had asked already, so they are friends now. */
      request: (body: Body<typeof requests.requestFriend>) =>
        data<models.FriendRequest & { is_accepted: boolean }>({ method: "POST", path: "/friends/requests", body }),
      accept: (id: string) => data<models.User>({ method: "POST", path: friendRequest(id, "/accept") }),
      reject: (id: string) => nothing({ method: "POST", path: friendRequest(id, "/reject") }),
      withdraw: (id: string) => nothing({ method: "DELETE", path: friendRequest(id) }),
    },
    blocks: {
      list: (query: Query<typeof requests.pageQuery> = {}) =>
        authorized<models.UserRef[], PageMeta>({ method: "GET", path: "/blocks", query }),
      add: (userId: string) => nothing({ method: "PUT", path: `/blocks/${encodeURIComponent(userId)}` }),
      remove: (userId: string) => nothing({ method: "DELETE", path: `/blocks/${encodeURIComponent(userId)}` }),
    },
    rooms: {
      create: (body: Body<typeof requests.createRoom>) =>
        data<models.JoinedRoom & { skipped: string[] }>({ method: "POST", path: "/rooms", body }),
      list: (query: Query<typeof requests.listRoomsQuery> = {}) =>
        authorized<models.Room[], PageMeta>({ method: "GET", path: "/rooms", query }),
      joined: (query: Query<typeof requests.pageQuery> = {}) =>
        authorized<models.JoinedRoom[], PageMeta>({
          method: "GET",
          path: "/rooms",
          query: { ...query, type: "joined" },
        }),
      get: (id: string) => data<models.Room>({ method: "GET", path: room(id) }),
      update: (id: string, body: Body<typeof requests.updateRoom>) =>
        data<models.Room>({ method: "PATCH", path: room(id), body }),
      delete: (id: string) => nothing({ method: "DELETE", path: room(id) }),
      join: (id: string) => data<Membership>({ method: "POST", path: room(id, "/join") }),
      leave: (id: string) => data<Membership>({ method: "POST", path: room(id, "/leave") }),
      members: (id: string, query: Query<typeof requests.listMembersQuery> = {}) =>
        authorized<models.Member[], PageMeta & { online_count: number }>({
          method: "GET",
          path: room(id, "/members"),
          query,
        }),
      addMembers: (id: string, body: Body<typeof requests.addMembers>) =>
        data<Added>({ method: "POST", path: room(id, "/members"), body }),
      updateMember: (id: string, userId: string, body: Body<typeof requests.updateMember>) =>
        data<models.Member>({ method: "PATCH", path: room(id, `/members/${encodeURIComponent(userId)}`), body }),
      removeMember: (id: string, userId: string) =>
        nothing({ method: "DELETE", path: room(id, `/members/${encodeURIComponent(userId)}`) }),
      setNotifyLevel: (id: string, body: Body<typeof requests.setNotifyLevel>) =>
        data<{ room_id: string; level: models.NotifyLevel }>({
          method: "PUT",
          path: room(id, "/notifications"),
          body,
        }),
      /** The newest first. */
      pins: (id: string) => data<models.Pin[]>({ method: "GET", path: room(id, "/pins") }),
      pin: (id: string, messageId: string) =>
        nothing({ method: "PUT", path: room(id, `/pins/${encodeURIComponent(messageId)}`) }),
      unpin: (id: string, messageId: string) =>
        nothing({ method: "DELETE", path: room(id, `/pins/${encodeURIComponent(messageId)}`) }),
      transfer: (id: string, body: Body<typeof requests.transferRoom>) =>
        data<models.Room>({ method: "POST", path: room(id, "/transfer"), body }),
    },
    bans: bansHttp({ data, page: authorized, nothing }),
    invites: invitesHttp({ data, page: authorized, nothing }),
    messages: {
      send: (roomId: string, body: Body<typeof requests.sendMessage>) =>
        data<models.Message>({ method: "POST", path: room(roomId, "/messages"), body }),
      history: (roomId: string, query: Query<typeof requests.historyQuery> = {}) =>
        authorized<models.TimelineMessage[], TimelineMeta>({ method: "GET", path: room(roomId, "/messages"), query }),
      /** Newest first; one goes on with `before: meta.oldest_id`. */
      search: (query: SearchQuery) =>
        authorized<models.SearchHit[], TimelineMeta>({ method: "GET", path: "/messages/search", query }),
      searchRoom: (roomId: string, query: SearchQuery) =>
        authorized<models.SearchHit[], TimelineMeta>({
          method: "GET",
          path: room(roomId, "/messages/search"),
          query,
        }),
      markRead: (roomId: string, messageId: string) =>
        nothing({
          method: "POST",
          path: room(roomId, "/messages/read"),
          body: { last_read_message_id: messageId } satisfies Body<typeof requests.markRead>,
        }),
      edit: (messageId: string, body: Body<typeof requests.editMessage>) =>
        data<models.TimelineMessage>({ method: "PATCH", path: `/messages/${encodeURIComponent(messageId)}`, body }),
      /** For everybody, or for oneself alone. */
      remove: (messageId: string, { for: whom }: { for: models.DeletedFor }) =>
        data<models.TimelineMessage>({
          method: "DELETE",
          path: `/messages/${encodeURIComponent(messageId)}`,
          query: { for: whom },
        }),
      recall: (messageId: string) =>
        data<models.TimelineMessage>({ method: "PUT", path: `/messages/${encodeURIComponent(messageId)}/recall` }),
      /** What it said before it was edited, to those who keep order. */
      versions: (messageId: string) =>
        data<models.MessageVersion[]>({
          method: "GET",
          path: `/messages/${encodeURIComponent(messageId)}/versions`,
        }),
      /** Who has come how far with a message. */
      receipts: (messageId: string) =>
        data<models.Receipts>({ method: "GET", path: `/messages/${encodeURIComponent(messageId)}/receipts` }),
      /** `emoji`: a single one. */
      react: (id: string, emoji: string) => data<Reacted>({ method: "PUT", path: reaction(id, emoji) }),
      unreact: (id: string, emoji: string) => data<Reacted>({ method: "DELETE", path: reaction(id, emoji) }),
      /** Of each kind the first hundred people. */
      reactors: (id: string) =>
        data<{ emoji: string; users: models.UserRef[] }[]>({
          method: "GET",
          path: `/messages/${encodeURIComponent(id)}/reactions`,
        }),
      changes: (roomId: string, query: Query<typeof requests.changesQuery> & { since_rev: number }) =>
        authorized<models.RoomChanges, { rev: number; has_more: boolean; epoch: string }>({
          method: "GET",
          path: room(roomId, "/changes"),
          query,
        }),
    },
    notifications: {
      /** The newest first. */
      list: ({ unread, ...page }: { unread?: boolean; page?: number; per_page?: number } = {}) =>
        authorized<models.Notification[], PageMeta & { unread_count: number }>({
          method: "GET",
          path: "/notifications",
          query: { ...page, unread: unread === undefined ? undefined : String(unread) },
        }),
      read: (body: Body<typeof requests.readNotifications>) =>
        data<{ unread_count: number }>({ method: "POST", path: "/notifications/read", body }),
    },
    directs: {
      /** One's conversations, the one with the latest message first. */
      conversations: (query: Query<typeof requests.pageQuery> = {}) =>
        authorized<models.Conversation[], PageMeta>({ method: "GET", path: "/direct-messages/conversations", query }),
      history: (userId: string, query: Query<typeof requests.historyQuery> = {}) =>
        authorized<models.TimelineMessage[], TimelineMeta>({ method: "GET", path: direct(userId), query }),
      send: (userId: string, body: Body<typeof requests.sendMessage>) =>
        data<models.Message>({ method: "POST", path: direct(userId), body }),
      /** Empties the conversation for oneself. */
      clear: (userId: string) =>
        data<{ room_id: string | null; up_to_seq: number }>({ method: "DELETE", path: direct(userId) }),
    },
    server: {
      info: () => data<models.ServerInfo>({ method: "GET", path: "/server" }),
    },
    admin: {
      invites: {
        create: (body: Body<typeof requests.createInvite> = {}) =>
          data<models.RegistrationInvite>({ method: "POST", path: "/admin/invites", body }),
        list: (query: Query<typeof requests.pageQuery> = {}) =>
          authorized<models.RegistrationInvite[], PageMeta>({ method: "GET", path: "/admin/invites", query }),
        delete: (code: string) => nothing({ method: "DELETE", path: `/admin/invites/${encodeURIComponent(code)}` }),
      },
    },
  };
}

const direct = (userId: string) => `/direct-messages/${encodeURIComponent(userId)}`;

const reaction = (id: string, emoji: string) =>
  `/messages/${encodeURIComponent(id)}/reactions/${encodeURIComponent(emoji)}`;

const room = (id: string, below = "") => `/rooms/${encodeURIComponent(id)}${below}`;

const friendRequest = (id: string, below = "") => `/friends/requests/${encodeURIComponent(id)}${below}`;

function withToken(request: Request, token: string): Request {
  return { ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } };
}
