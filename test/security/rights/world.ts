import { z } from "zod";
import { message, room, roomInvite } from "../../../src/protocol/models.ts";
import { addUser } from "../../../src/server/accounts/manage.ts";
import { logIn, person, testPassword, type Person } from "../../support/people.ts";
import type { TestServer } from "../../support/server.ts";

/**
 * Everybody who may ask for something, by what they are to a room and to `target`, a member who has done nothing. `guest`
 * is not signed in; `user` was never in the room, `ex_member` has left it; who keeps order on the server (`moderator`,
 * `administrator`) is no member either; `blocked` is a member whom `target` has blocked, `blocker` one who has blocked
 * `target`. (Who is not signed in on a server without guests, `anonymous`, is told so by everything: a test of its own.)
 */
export const everybody = [
  "guest",
  "user",
  "member",
  "muted",
  "banned",
  "ex_member",
  "room_admin",
  "owner",
  "moderator",
  "administrator",
  "blocked",
  "blocker",
] as const;
export type Who = (typeof everybody)[number];
type Someone = Exclude<Who, "guest">;

export type Cast = Record<Someone | "target" | "friend" | "other", Person>;

/** One room with all of them around it. */
export interface World {
  cast: Cast;
  roomId: string;
  /** By `target`, last of all, and one before it that is pinned. */
  messageId: string;
  pinnedId: string;
  /** One's own, written while one could; of who never could, somebody else's. */
  ownId(who: Who): string;
  /** A link into the room. */
  code: string;
  /** Who asks. */
  actor: Who;
}

let made = 0;

/** All of them, with what they are to each other; once for a whole run. */
export async function gather(server: TestServer): Promise<Cast> {
  const found: Partial<Cast> = {};
  const ordinary = [
    "user",
    "member",
    "muted",
    "banned",
    "ex_member",
    "room_admin",
    "owner",
    "blocked",
    "blocker",
    "target",
    "friend",
    "other",
  ] as const;
  for (const name of ordinary) found[name] = await person(server, name);
  for (const [name, role] of [
    ["moderator", "moderator"],
    ["administrator", "admin"],
  ] as const) {
    await addUser(server.context, { username: name, password: testPassword, role });
    found[name] = await logIn(server, name);
  }
  const cast = found as Cast;
  await done(cast.target.http("PUT", `/blocks/${cast.blocked.id}`));
  await done(cast.blocker.http("PUT", `/blocks/${cast.target.id}`));
  return cast;
}

/** Somebody whom no other test needs afterwards. */
export function stranger(server: TestServer): Promise<Person> {
  return person(server, `stranger_${++made}`);
}

async function done(answer: ReturnType<Person["http"]>) {
  const { outcome, status, text } = await answer;
  if (status >= 300) throw new Error(`the world could not be made: ${outcome} ${text}`);
  return answer;
}

export async function makeWorld(cast: Cast, type: "public" | "private"): Promise<World> {
  const { owner, target } = cast;
  const inside = ["member", "muted", "banned", "ex_member", "room_admin", "blocked", "blocker"] as const;
  const member_ids = [...inside.map((name) => cast[name].id), target.id];
  const created = await done(owner.http("POST", "/rooms", { name: `room ${++made}`, type, member_ids }));
  const { id: roomId } = created.as(room);
  const say = async (name: keyof Cast) =>
    (await done(cast[name].http("POST", `/rooms/${roomId}/messages`, { content: `by ${name}` }))).as(message).id;
  const own = new Map<Who, string>();
  for (const name of [...inside, "owner"] as const) own.set(name, await say(name));
  const pinnedId = await say("target");
  const messageId = await say("target");
  const path = `/rooms/${roomId}`;
  await done(owner.http("PATCH", `${path}/members/${cast.room_admin.id}`, { role: "admin" }));
  await done(owner.http("PUT", `${path}/pins/${pinnedId}`));
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await done(owner.http("PATCH", `${path}/members/${cast.muted.id}`, { muted_until: until }));
  await done(owner.http("PUT", `${path}/bans/${cast.banned.id}`, {}));
  await done(owner.http("PUT", `${path}/bans/${cast.other.id}`, {}));
  await done(cast.ex_member.http("POST", `${path}/leave`));
  const { code } = (await done(owner.http("POST", `${path}/invites`, {}))).as(roomInvite);
  return { cast, roomId, messageId, pinnedId, ownId: (who) => own.get(who) ?? messageId, code, actor: "guest" };
}

const idOnly = z.object({ id: z.string() });

/** The id of what a request made. */
export async function idOf(answer: ReturnType<Person["http"]>): Promise<string> {
  return (await done(answer)).as(idOnly).id;
}
