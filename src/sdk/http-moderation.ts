import type { z } from "zod";
import type * as models from "../protocol/models.ts";
import type * as requests from "../protocol/requests.ts";
import type { Membership, Page } from "./http.ts";
import type { Request } from "./transport.ts";

/** How the API is asked: for data alone, for a page of a list, for nothing. */
interface Ask {
  data<Data>(request: Request): Promise<Data>;
  page<Item>(request: Request): Promise<Page<Item>>;
  nothing(request: Request): Promise<void>;
}

const part = encodeURIComponent;

/** Who is kept out of rooms; muting and roles are `rooms.updateMember`, kicking is `rooms.removeMember`. */
export function bansHttp({ data, page, nothing }: Ask) {
  const path = (roomId: string, userId = "") => `/rooms/${part(roomId)}/bans${userId && `/${part(userId)}`}`;
  return {
    list: (roomId: string, query: Partial<z.output<typeof requests.pageQuery>> = {}) =>
      page<models.Ban>({ method: "GET", path: path(roomId), query }),
    /** Bans anew who is banned already. */
    put: (roomId: string, userId: string, body: z.input<typeof requests.banMember> = {}) =>
      data<models.Ban>({ method: "PUT", path: path(roomId, userId), body }),
    delete: (roomId: string, userId: string) => nothing({ method: "DELETE", path: path(roomId, userId) }),
  };
}

/** Links that let people into rooms. */
export function invitesHttp({ data, nothing }: Ask) {
  const path = (roomId: string, code = "") => `/rooms/${part(roomId)}/invites${code && `/${part(code)}`}`;
  return {
    list: (roomId: string) => data<models.RoomInvite[]>({ method: "GET", path: path(roomId) }),
    create: (roomId: string, body: z.input<typeof requests.createRoomInvite> = {}) =>
      data<models.RoomInvite>({ method: "POST", path: path(roomId), body }),
    delete: (roomId: string, code: string) => nothing({ method: "DELETE", path: path(roomId, code) }),
    /** What a link leads to. Throws `INVITE_NOT_FOUND`. */
    preview: (code: string) => data<models.InvitePreview>({ method: "GET", path: `/invites/${part(code)}` }),
    accept: (code: string) => data<Membership>({ method: "POST", path: `/invites/${part(code)}/accept` }),
  };
}
