import type { RoomRole, RoomType, SystemRole } from "./models.ts";

/**
 * Who may do what: the one table that HTTP, WebSocket and the client go by (CONTRACT, Who may do what). Whoever has
 * several of these names (an owner who is a moderator) has the rights of each. `guest`: not signed in; `user`: signed in,
 * but no member of the room.
 */
type Who = "guest" | "user" | RoomRole | "moderator" | "administrator";

const everybody: readonly Who[] = ["guest", "user", "member", "admin", "owner", "moderator", "administrator"];
const signedIn: readonly Who[] = ["user", "member", "admin", "owner", "moderator", "administrator"];
const members: readonly Who[] = ["member", "admin", "owner"];
const runners: readonly Who[] = ["admin", "owner", "moderator", "administrator"];
const heads: readonly Who[] = ["owner", "moderator", "administrator"];
const owner: readonly Who[] = ["owner"];

interface RoomRight {
  who: readonly Who[];
  /** Whoever is muted, or banned from the lobby, has it not. */
  voice?: true;
  /** In direct rooms both have it as members; without this nobody has it there. */
  direct?: true;
  /** Nobody has it in the lobby, whose members are all accounts. */
  notInLobby?: true;
}

export const roomRights = {
  /** The room, its history, its pins and its members. Private and direct rooms are seen by their members alone. */
  see: { who: everybody, direct: true },
  join: { who: signedIn },
  leave: { who: members, notInLobby: true },
  /** Read and delivered cursors, and who has which. */
  receipts: { who: members, direct: true },
  set_notifications: { who: members, direct: true },
  send: { who: members, voice: true, direct: true },
  type: { who: members, voice: true, direct: true },
  /** One's own messages; recalling is as editing. */
  edit_own: { who: members, voice: true, direct: true },
  delete_own: { who: members, direct: true },
  /** Any message, for oneself alone. */
  hide: { who: members, direct: true },
  react: { who: members, voice: true, direct: true },
  delete_any: { who: runners },
  /** What edited messages said before. */
  see_versions: { who: runners },
  pin: { who: runners, direct: true },
  mention_all: { who: runners, voice: true },
  /** As often as they like, whatever slow mode says. */
  skip_slow_mode: { who: runners },
  add_members: { who: runners, notInLobby: true },
  invite: { who: runners, notInLobby: true },
  mute: { who: runners },
  kick: { who: runners, notInLobby: true },
  ban: { who: runners },
  change_settings: { who: runners },
  change_roles: { who: owner, notInLobby: true },
  transfer: { who: owner, notInLobby: true },
  delete_room: { who: heads, notInLobby: true },
} as const satisfies Record<string, RoomRight>;

export type RoomRightName = keyof typeof roomRights;

const serverRights = {
  /** Public rooms, while guests are let in. */
  look: ["guest", "user", "moderator", "administrator"],
  create_rooms: ["user", "moderator", "administrator"],
  direct_messages: ["user", "moderator", "administrator"],
  befriend_and_block: ["user", "moderator", "administrator"],
  upload: ["user", "moderator", "administrator"],
  handle_reports: ["moderator", "administrator"],
  /** Accounts and their roles, settings, statistics, announcements, the audit log, invitations to register. */
  administrate: ["administrator"],
} as const satisfies Record<string, readonly Who[]>;

export type ServerRightName = keyof typeof serverRights;

const systemWho = { admin: "administrator", moderator: "moderator", user: "user" } as const;

/** What somebody is on the server and in a room. */
export interface Standing {
  room: { type: RoomType; is_lobby: boolean };
  /** Absent: not signed in. */
  system: SystemRole | null;
  /** Absent: no member. */
  role: RoomRole | null;
  isMuted?: boolean;
}

/** Whether somebody has a right in a room. */
export function mayIn(right: RoomRightName, { room, system, role, isMuted = false }: Standing): boolean {
  const { who, voice, direct, notInLobby }: RoomRight = roomRights[right];
  // A room that is not public is there for its members alone, whatever somebody is on the server.
  if (room.type !== "public" && role === null) return false;
  if (notInLobby && room.is_lobby) return false;
  if (voice && isMuted) return false;
  if (room.type === "direct") return direct === true;
  if (system === null) return who.includes("guest");
  return who.includes(systemWho[system]) || (role === null ? who.includes("user") : who.includes(role));
}

/** Whether somebody has a right on the server as a whole. */
export function mayOnServer(right: ServerRightName, system: SystemRole | null): boolean {
  const who: readonly Who[] = serverRights[right];
  return who.includes(system === null ? "guest" : systemWho[system]);
}

/**
 * Whether somebody may be muted, kicked or banned by who has the right to: the owner never, an admin only by the owner
 * and by who keeps order on the server. Those keep their voice, and their way in, before all but an administrator.
 */
export function mayReach(
  right: "mute" | "kick" | "ban",
  by: Standing,
  target: { role: RoomRole | null; system: SystemRole },
): boolean {
  if (!mayIn(right, by) || target.role === "owner") return false;
  const isGuarded = right !== "kick" && target.system !== "user";
  if (isGuarded && (target.system === "admin" || by.system !== "admin")) return false;
  return target.role !== "admin" || by.role === "owner" || (by.system !== null && by.system !== "user");
}
