/** Where a person is in the client. Each place has one URL, so that reload, Back and a shared link lead there. */
export type Place =
  | { readonly name: "chats" }
  | { readonly name: "room"; readonly roomId: string; readonly messageId: string | null; readonly panel: Panel | null }
  | { readonly name: "discover" }
  /** Messages with these words, in a room or in all of one's own. */
  | { readonly name: "search"; readonly q: string; readonly roomId: string | null }
  | { readonly name: "notifications" }
  /** The conversation with a person, also before its first message. */
  | { readonly name: "chat"; readonly userId: string }
  /** One's friends and requests. */
  | { readonly name: "people" }
  | { readonly name: "person"; readonly userId: string }
  | { readonly name: "settings"; readonly page: SettingsPage | null }
  | { readonly name: "login" }
  | { readonly name: "register"; readonly code: string | null; readonly isSetup: boolean }
  /** Into a room, or to register; signing in happens in its place. */
  | { readonly name: "invite"; readonly code: string; readonly isSigningIn: boolean }
  | { readonly name: "reset"; readonly token: string | null }
  | { readonly name: "verify"; readonly token: string }
  | { readonly name: "nowhere" };

export const settingsPages = ["profile", "appearance", "account", "privacy", "devices", "blocked"] as const;
export type SettingsPage = (typeof settingsPages)[number];

/** What stands beside a room's conversation. */
const panels = ["details", "settings"] as const;
export type Panel = (typeof panels)[number];

const nowhere: Place = { name: "nowhere" };

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function roomPlace(roomId: string, rest: readonly string[]): Place {
  const [first, second, ...beyond] = rest;
  const room = { name: "room", roomId, messageId: null, panel: null } as const;
  if (first === undefined) return room;
  if (first === "m" && second !== undefined && beyond.length === 0) return { ...room, messageId: second };
  const panel = panels.find((known) => known === first);
  return panel !== undefined && second === undefined ? { ...room, panel } : nowhere;
}

/**
 * The place of a path, a fragment (with its `#`) and a query (with its `?`). One-time codes travel in the fragment, which
 * no server sees.
 */
export function placeOf(path: string, fragment = "", query = ""): Place {
  const [first, ...rest] = path.split("/").filter(Boolean).map(decoded);
  const [second] = rest;
  const token = decoded(fragment.replace(/^#/, ""));
  switch (first) {
    case undefined:
      return { name: "chats" };
    case "rooms":
      return second === undefined ? { name: "discover" } : roomPlace(second, rest.slice(1));
    case "search": {
      const asked = new URLSearchParams(query);
      return second === undefined ? { name: "search", q: asked.get("q") ?? "", roomId: asked.get("room") } : nowhere;
    }
    case "notifications":
      return second === undefined ? { name: "notifications" } : nowhere;
    case "people":
      if (second === undefined) return { name: "people" };
      if (rest.length === 1) return { name: "person", userId: second };
      return rest[1] === "chat" && rest.length === 2 ? { name: "chat", userId: second } : nowhere;
    case "settings": {
      if (second === undefined) return { name: "settings", page: null };
      const page = settingsPages.find((known) => known === second);
      return page !== undefined && rest.length === 1 ? { name: "settings", page } : nowhere;
    }
    case "login":
      return { name: "login" };
    case "register":
      return { name: "register", code: null, isSetup: false };
    case "invite":
      return second === undefined ? nowhere : { name: "invite", code: second, isSigningIn: token === "sign-in" };
    case "setup":
      return { name: "register", code: token || null, isSetup: true };
    case "reset":
      return { name: "reset", token: token || null };
    case "verify":
      return token ? { name: "verify", token } : nowhere;
    default:
      return nowhere;
  }
}

export const paths = {
  chats: "/",
  discover: "/rooms",
  notifications: "/notifications",
  login: "/login",
  register: "/register",
  forgot: "/reset",
  invite: (code: string) => `/invite/${encodeURIComponent(code)}`,
  signInToInvite: (code: string) => `/invite/${encodeURIComponent(code)}#sign-in`,
  room: (id: string) => `/rooms/${encodeURIComponent(id)}`,
  panel: (id: string, panel: Panel) => `/rooms/${encodeURIComponent(id)}/${panel}`,
  message: (id: string, messageId: string) => `/rooms/${encodeURIComponent(id)}/m/${encodeURIComponent(messageId)}`,
  search: (q = "", roomId: string | null = null) => {
    const asked = new URLSearchParams({ ...(q !== "" && { q }), ...(roomId !== null && { room: roomId }) });
    return asked.size === 0 ? "/search" : `/search?${asked}`;
  },
  chat: (userId: string) => `/people/${encodeURIComponent(userId)}/chat`,
  people: "/people",
  person: (id: string) => `/people/${encodeURIComponent(id)}`,
  settings: (page?: SettingsPage) => (page === undefined ? "/settings" : `/settings/${page}`),
} as const;
